//! `mparticle sandbox`: the Events API on this machine, until Ctrl-C.

use clap::Args;

use super::args::{clock_at, limit, limits_of, time};
use super::exit::{Exit, Failure};
use super::output::{Streams, bytes, count};
use super::runtime::{self, Signals};
use crate::client::Credentials;
use crate::sandbox::{Fault, FaultError, RateLimit, Received, Sandbox, SandboxBuilder};

/// Shown under `--help`.
pub const EXAMPLES: &str = "\
Examples:
  # on port 7788; any key and secret will do
  mparticle sandbox
  # on any free port: the address is the first line of the output
  mparticle sandbox --port 0
  # take only this pair
  MPARTICLE_API_KEY=k MPARTICLE_API_SECRET=s mparticle sandbox --require-credentials
  # deliver to it from another terminal
  mparticle send --base-url http://127.0.0.1:7788 events.ndjson
  # at most 270 batches a second, one request in ten answered 503, one answer in twenty lost
  mparticle sandbox --rate-limit 270 --fault 503:rate=0.1 --fault drop-after:rate=0.05 --seed 7
  # the first five requests are throttled; then, while it runs, every second one is
  mparticle sandbox --fault 429:retry-after=2,limit=acceleration,count=5
  curl -X PUT -H 'Content-Type: application/json' -d '[\"429:every=2\"]' localhost:7788/sandbox/faults

Faults, written KIND:OPTION=VALUE,…:
  400 401 403 408 413  refused with this status
  429                  throttled: retry-after=TEXT (huge for a huge number), retryafter=TEXT for
                       that spelling, limit=org, account, app, feed, workspace, system,
                       acceleration or none
  500 502 503 504      failed: retry-after=TEXT, retryafter=TEXT
  drop-before          connection closed without an answer, nothing taken
  drop-after           connection closed without an answer, everything taken
  partial              a bulk request taken but for batches=N: form=path, position or none
  slow-answer          the answer comes delay=MS late
  slow-body            the end of the answer comes delay=MS late
  percentage           a 2xx says value=N percent of the limit are used
  With each of them    rate=0..1 (chance), every=N, after=N, count=N, from=MS and until=MS since
                       it was set, path=events, bulkevents or historical

To try a file once, `mparticle send --sandbox FILE` brings its own sandbox.
Nothing leaves this machine, and nothing is written to disk.";

/// Options of `sandbox`.
#[derive(Args, Debug)]
pub struct SandboxArgs {
    /// The port to listen on; 0 for any free one
    #[arg(long, default_value_t = 7788)]
    pub port: u16,

    /// Accept only the pair in MPARTICLE_API_KEY and MPARTICLE_API_SECRET
    #[arg(long)]
    pub require_credentials: bool,

    /// The time to measure ages from, such as 2026-11-20 or 2026-11-20T12:00:00Z [default: now]
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub as_of: Option<i64>,

    /// Another limit than the documented one, such as event_attributes=200. Can be given several times
    #[arg(long, value_name = "NAME=NUMBER", value_parser = limit)]
    pub limit: Vec<(String, u64)>,

    /// Something that goes wrong on purpose, such as 503:rate=0.1; all kinds are below. Can be given several times
    #[arg(long, value_name = "KIND:OPTIONS", value_parser = fault)]
    pub fault: Vec<Fault>,

    /// What the chance in faults begins with, so that a run can be repeated
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,

    /// Answer 429 beyond this many batches a second, such as 270 or 270,acceleration=50 (growth from second to second)
    /// or 270,retry-after=no [default: no limit]
    #[arg(long, value_name = "N,OPTIONS")]
    pub rate_limit: Option<RateLimit>,

    /// Ids to know for de-duplication and for /sandbox/account, about 50 bytes each; the oldest are let go first
    #[arg(long, value_name = "N", default_value_t = 10_000_000)]
    pub account_limit: usize,
}

fn fault(text: &str) -> Result<Fault, String> {
    text.parse().map_err(|error: FaultError| error.to_string())
}

/// Serves until it is told to stop.
///
/// # Errors
///
/// When the port is taken, or the credentials asked for are not there.
pub fn run(args: &SandboxArgs, streams: &mut Streams<'_>) -> Result<Exit, Failure> {
    let builder = builder(args)?;
    runtime::start()?.block_on(serve(builder, streams))
}

fn builder(args: &SandboxArgs) -> Result<SandboxBuilder, Failure> {
    let mut builder = Sandbox::builder()
        .port(args.port)
        .limits(limits_of(&args.limit))
        .clock(clock_at(args.as_of))
        .account_limit(args.account_limit)
        .seed(args.seed);
    if let Some(limit) = args.rate_limit {
        builder = builder.rate_limit(limit);
    }
    for fault in &args.fault {
        builder = builder.fault(fault.clone());
    }
    if !args.require_credentials {
        return Ok(builder);
    }
    // Checked as the client checks them: a pair that cannot be sent cannot be asked for.
    Credentials::from_env().map_err(|error| Failure::new(format!("--require-credentials: {error}")))?;
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    Ok(builder.credentials(variable("MPARTICLE_API_KEY"), variable("MPARTICLE_API_SECRET")))
}

async fn serve(builder: SandboxBuilder, streams: &mut Streams<'_>) -> Result<Exit, Failure> {
    let mut signals = Signals::catch()?;
    let sandbox = builder.start().await.map_err(|error| Failure::new(error.to_string()))?;
    let url = sandbox.base_url();
    let root = url.trim_end_matches("/v2");
    streams.data(format_args!("{url}\n"))?;
    streams.out.flush().map_err(Failure::stdout)?;
    streams.say(format_args!("The Events API listens here until Ctrl-C. Try it:"));
    streams.say(format_args!(
        "  curl -i -u key:secret -H 'Content-Type: application/json' {url}/events \\\n    \
         -d '{{\"environment\":\"development\",\"user_identities\":{{\"customer_id\":\"1\"}},\"events\":[]}}'"
    ));
    streams.say(format_args!("  curl {root}/sandbox/received      what came in"));
    signals.next().await;
    account(&sandbox.received(), streams);
    sandbox.shutdown().await;
    Ok(Exit::Clean)
}

fn account(received: &Received, streams: &mut Streams<'_>) {
    let counts = received.counts;
    streams.say(format_args!(
        "{} in {}: {} accepted, {} rejected, {} seen before, {} not processed",
        bytes(received.requests.bytes),
        count(received.requests.total, "request"),
        counts.accepted,
        counts.rejected,
        counts.duplicate,
        counts.dropped
    ));
    let of = |status: u16| received.requests.by_status.get(&status).copied().unwrap_or_default();
    let (throttled, cut) = (of(429), received.requests.cut);
    let failed: u64 = received.requests.by_status.range(500..).map(|(_, times)| times).sum();
    if throttled + failed + cut > 0 {
        streams.say(format_args!("{throttled} throttled, {failed} failed, {cut} left without an answer"));
    }
}
