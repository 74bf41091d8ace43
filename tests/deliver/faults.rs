//! A service that fails for a while, for good, or at random.

use std::collections::BTreeSet;

use futures_util::stream;
use mparticle_events::client::{Client, Credentials};
use mparticle_events::deliver::{Reason, Silent, Stop};

use crate::run::{Fate, deliver, lines, requests, sender};
use crate::server::{self, Fault, Server, Style};

#[tokio::test]
async fn what_is_transient_is_tried_again_until_it_is_taken() {
    for fault in [
        Fault::Status(429, Some("1")),
        Fault::Status(429, None),
        Fault::Status(503, None),
        Fault::Status(500, Some("garbage")),
        Fault::Status(408, None),
        Fault::DropBefore,
        Fault::DropAfter,
    ] {
        let server = Server::start(Style::Index, vec![fault; 5]).await;
        let (summary, log) = deliver(&server, requests(20, 5, |_| false)).await;
        assert_eq!(log.accepted(), lines(1, 20), "{fault:?}");
        assert!(summary.is_clean(), "{summary:?}");
        assert_eq!((summary.requests, summary.retries), (9, 5), "{fault:?}");
        let account = server.account();
        assert_eq!(account.taken, lines(1, 20));
        // A request that was taken before its connection broke comes twice, under the same ids.
        assert_eq!(account.ids.len(), 20, "{fault:?}");
        assert_eq!(account.doubled > 0, fault == Fault::DropAfter);
    }
}

#[tokio::test]
async fn a_wrong_key_stops_the_run_and_nothing_is_refused() {
    let mut faults = vec![Fault::None; 5];
    faults.extend([Fault::Status(401, None); 100]);
    let server = Server::start(Style::Index, faults).await;
    let (summary, log) = deliver(&server, requests(100, 5, |_| false)).await;
    assert_eq!((summary.accepted, summary.rejected, summary.not_attempted), (25, 0, 75));
    assert!(summary.stopped.unwrap().contains("401"));
    assert!(summary.requests <= 5 + 4, "only what was in flight");
    assert_eq!(log.accepted(), server.account().taken);
}

#[tokio::test]
async fn a_service_that_is_down_stops_the_run() {
    let server = Server::start(Style::Index, vec![Fault::Status(503, None); 1000]).await;
    let (summary, log) = deliver(&server, requests(50, 1, |_| false)).await;
    assert!(summary.stopped.unwrap().contains("in a row"));
    assert!(summary.rejected >= 3 && summary.not_attempted >= 40);
    let gave_up = log.lines(|fate| matches!(fate, Fate::Rejected(Reason::GaveUp, said) if said.starts_with("gave up after 8 attempts")));
    assert_eq!(gave_up.len() as u64, summary.rejected);

    let address = server.base_url();
    drop(server);
    let credentials = Credentials::new("key", "secret").unwrap();
    let nobody = Client::builder(credentials).base_url(&address).unwrap().build().unwrap();
    let summary =
        sender(nobody).run(stream::iter(requests(10, 1, |_| false)), &Stop::new(), &mut Silent).await;
    assert_eq!((summary.rejected, summary.not_attempted), (0, 10));
    assert!(summary.stopped.is_some());
}

#[tokio::test]
async fn random_faults_lose_nothing() {
    // Side by side: what a server refuses makes its sender slow down.
    let runs = (0..20).map(|seed| async move {
        let server = Server::start(Style::Index, server::random_faults(seed, 60)).await;
        let (summary, log) = deliver(&server, requests(120, 7, |line| line % 13 == 0)).await;
        let account = server.account();
        assert_eq!(summary.stopped, None);
        let bad = (1..=120).filter(|line| line % 13 == 0).collect::<BTreeSet<_>>();
        let gave_up = log.lines(|fate| matches!(fate, Fate::Rejected(Reason::GaveUp, _)));
        assert_eq!(gave_up, BTreeSet::new());
        assert_eq!(log.accepted(), account.taken, "seed {seed}");
        assert_eq!(log.lines(|fate| matches!(fate, Fate::Rejected(..))), bad);
        assert_eq!(account.ids.len(), 120, "an id changed on the way");
    });
    futures_util::future::join_all(runs).await;
}
