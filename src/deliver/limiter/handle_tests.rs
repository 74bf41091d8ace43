//! The shared handle, on a paused clock.

use super::*;

fn fixed(per_second: f64) -> Limiter {
    Limiter::new(RateLimiter::new(per_second).start(per_second))
}

#[tokio::test(start_paused = true)]
async fn clones_share_one_rate_in_the_order_of_asking() {
    let limiter = fixed(100.0);
    let start = Instant::now();
    let order = Arc::new(Mutex::new(Vec::new()));
    let takers = [10, 100, 1, 1].into_iter().enumerate().map(|(index, batches)| {
        let (limiter, order) = (limiter.clone(), Arc::clone(&order));
        async move {
            let _leave = limiter.acquire(batches).await;
            order.lock().unwrap().push((index, start.elapsed().as_millis()));
        }
    });
    futures_util::future::join_all(takers).await;
    assert_eq!(*order.lock().unwrap(), [(0, 0), (1, 100), (2, 1100), (3, 1110)]);
}

#[tokio::test(start_paused = true)]
async fn who_stops_waiting_gives_the_place_up() {
    let limiter = fixed(1.0);
    let _first = limiter.acquire(1).await;
    let start = Instant::now();
    let impatient = tokio::time::timeout(Duration::from_millis(100), limiter.acquire(1000));
    let (gave_up, _leave) = tokio::join!(impatient, limiter.acquire(1));
    assert!(gave_up.is_err());
    assert!(start.elapsed() <= Duration::from_millis(1001), "{:?}", start.elapsed());
}

#[test]
fn what_it_prints_holds_no_key() {
    let limiters = Limiters::default();
    let _ = limiters.get("pod", "k3y", Limiter::default);
    assert!(!format!("{limiters:?}").contains("k3y"));
}
