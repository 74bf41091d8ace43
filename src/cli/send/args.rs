//! Options of `send`, and what they come to.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::args::{CheckArgs, InputArgs, Output};
use crate::cli::exit::Failure;
use crate::client::{Client, Credentials, Pod};

/// Shown under `--help`.
pub const EXAMPLES: &str = "\
Examples:
  # try it: no credentials, nothing leaves this machine
  mparticle send --sandbox examples/batches.ndjson
  # what would be sent, and what would be held back
  mparticle send --dry-run events.ndjson
  # deliver to a workspace in Europe
  export MPARTICLE_API_KEY=… MPARTICLE_API_SECRET=…
  mparticle send --pod eu1 events.ndjson
  # data older than 30 days
  mparticle send --endpoint historical 2025-*.ndjson
  # go on after Ctrl-C, kill -9, a full disk or a loss of power
  mparticle send --pod eu1 --resume events.ndjson
  # from a pipe
  zcat events.ndjson.gz | mparticle send --dead-letters left.ndjson -

Every batch ends as one of: accepted; rejected, with the reason in the file of
dead letters; not attempted, because the run was stopped. Errors keep a batch
from being sent, warnings do not. Of the findings of one kind three are shown
in full, and a line at the end says how many more there are and where.

Sending the same file again is safe: a batch keeps its source_request_id, and
one without gets the same one every time, so the service counts it once within
the 30 days that it remembers. That one is made of the name of the file without
directory, the place of the batch in it, and its bytes: a file that was renamed,
or changed above what was sent, is another file.

A journal beside the first file, FILE.mparticle-journal, says what is settled.
A run that ended early is gone on with by --resume, with the same options: what
is settled is not sent again, what may have arrived goes under the same id. It
notices when the file is not what it was; more at its end is fine, and is sent.
When all is delivered the journal stays, a few lines long: the same file is not
sent a second time unless --restart says so.

A batch over the size limit is split: each piece has some of the events and all
else of the batch, under an id made of that of the whole. --merge is the other
way round: batches next to each other become one when every byte outside of
events is the same, up to 100 events. It leaves alone what has an id of its own
or no mpid, mp_deviceid and user_identities. Merged batches have other ids: do
not send with --merge again what was sent without, or the other way round. The
same goes for --endpoint auto on another day, which may split elsewhere: give
the day of the first time with --as-of. --resume sees to all of this by itself.

Key and secret come from MPARTICLE_API_KEY and MPARTICLE_API_SECRET only. As
options, everybody on this machine could read them in the list of processes,
and the shell would remember them.

Exit codes:
  0    all accepted
  1    some rejected, or the service refused one of several and did not say which
  2    could not run, or stopped: credentials, network, disk
  130  stopped by Ctrl-C: requests under way got their answer";

/// Shown under `replay --help`.
pub const REPLAY_EXAMPLES: &str = "\
Examples:
  # mend the batches in the file, then send them again
  mparticle replay --pod eu1 events.ndjson.dead-letters.ndjson
  # what would be sent, and what is still wrong
  mparticle replay --dry-run events.ndjson.dead-letters.ndjson

Each line of the file is a dead letter. Mend its `batch`, or delete the line; all
other members may stay as they are. What fails again goes to the next file, here
events.ndjson.dead-letters.2.ndjson, which can be replayed in turn; its lines
count those of the file that was replayed.

A batch that was not changed goes under the source_request_id it had: it may
have arrived, and is counted once. One that was mended goes under a new id, made
from its new bytes, unless it has one of its own.

A line that is no dead letter stops it before anything is sent. All else is as
for `mparticle send`: checks, journal, --resume, exit codes.";

/// Options of `send`.
#[derive(Args, Debug)]
pub struct SendArgs {
    #[command(flatten)]
    pub input: InputArgs,

    /// Whether the files are dead letters.
    #[arg(skip)]
    pub replay: bool,

    /// Deliver to a sandbox on this machine that lives as long as the command
    #[arg(long, conflicts_with_all = ["pod", "base_url"])]
    pub sandbox: bool,

    /// Check and pack, but send nothing and write no file
    #[arg(long)]
    pub dry_run: bool,

    /// Where to send the batches
    #[arg(long, value_enum, default_value_t = EndpointArg::Bulk)]
    pub endpoint: EndpointArg,

    /// Send batches next to each other as one when they differ in nothing but their events
    #[arg(long)]
    pub merge: bool,

    /// Reject a batch over the size limit instead of splitting its events over several
    #[arg(long)]
    pub no_split: bool,

    /// What to write at the end: for people on standard error, or one JSON object on standard output
    #[arg(long, value_enum, default_value_t = Output::Human)]
    pub output: Output,

    /// Write nothing but what stopped the run; the exit code has the answer
    #[arg(long, short)]
    pub quiet: bool,

    /// Send batches as they are, without checking them first
    #[arg(long, help_heading = "Checking")]
    pub no_validate: bool,

    #[command(flatten)]
    pub check: CheckArgs,

    /// File for what was not accepted; letters are added to it [default: the first file with `.dead-letters.ndjson`]
    #[arg(long, value_name = "PATH", help_heading = "Delivery")]
    pub dead_letters: Option<PathBuf>,

    /// Replace the file of dead letters instead of adding to it
    #[arg(long, help_heading = "Delivery")]
    pub overwrite: bool,

    /// Go on where an earlier run of the same delivery ended, in whatever way; begin when there was none
    #[arg(long, help_heading = "Journal", conflicts_with_all = ["restart", "no_journal", "overwrite", "dry_run"])]
    pub resume: bool,

    /// Begin anew, whatever the journal of an earlier run says
    #[arg(long, help_heading = "Journal", conflicts_with_all = ["no_journal", "dry_run"])]
    pub restart: bool,

    /// Directory for the journal [default: that of the first file; standard input and --sandbox have a journal only with this]
    #[arg(long, value_name = "DIR", help_heading = "Journal", conflicts_with = "no_journal")]
    pub state_dir: Option<PathBuf>,

    /// Keep no journal: the delivery cannot be resumed
    #[arg(long, help_heading = "Journal")]
    pub no_journal: bool,

    /// us1, us1-alt, us2, eu1 or au1 [default: MPARTICLE_POD, else us1]
    #[arg(long, help_heading = "Delivery", conflicts_with = "base_url")]
    pub pod: Option<String>,

    /// Address of another server that speaks the Events API, such as http://127.0.0.1:7788
    #[arg(long, value_name = "URL", help_heading = "Delivery")]
    pub base_url: Option<String>,

    /// Allow http:// to another machine: key, secret and data cross the network in clear
    #[arg(long, help_heading = "Delivery")]
    pub allow_plain_http: bool,

    /// Requests under way at a time
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..), help_heading = "Delivery")]
    pub concurrency: u16,

    /// Batches a second at most [default: the documented 270; with --sandbox no ceiling]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = "Delivery")]
    pub rate: Option<u32>,

    /// Posts of one request before it is given up; answers that ask to slow down do not count
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..), help_heading = "Delivery")]
    pub max_attempts: u32,
}

/// Where batches are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum EndpointArg {
    /// /events: one batch a request
    Events,
    /// /bulkevents: up to 100 batches a request
    #[default]
    Bulk,
    /// /bulkevents/historical: data at least 72 hours old, not forwarded to event outputs
    Historical,
    /// By age: historical when an event is older than 30 days and all are older than 72 hours, else bulk; a batch that belongs to both is split
    Auto,
}

impl SendArgs {
    /// The ceiling of batches a second.
    pub fn ceiling(&self) -> Option<f64> {
        match self.rate {
            Some(rate) => Some(f64::from(rate)),
            None if self.sandbox => None,
            None => Some(self.documented_rate()),
        }
    }

    /// The workspace's limit of batches a second.
    #[allow(clippy::cast_precision_loss)] // far below 2^52
    pub fn documented_rate(&self) -> f64 {
        self.check.limits().batches_per_second.max(1) as f64
    }

    /// The client for the service that the options name.
    ///
    /// # Errors
    ///
    /// When there are no credentials, or the address cannot be used.
    pub fn client(&self) -> Result<Client, Failure> {
        // Errors name what a program would call; here it is an option.
        let stop = |error: crate::client::Error| {
            Failure::new(error.to_string().replace("allow_plain_http", "--allow-plain-http"))
        };
        let credentials = Credentials::from_env().map_err(|error| {
            stop(error).help("export the key and the secret of your server-to-server feed, or try --sandbox, which needs none")
        })?;
        let builder = Client::builder(credentials).allow_plain_http(self.allow_plain_http);
        let builder = match (&self.base_url, &self.pod) {
            (Some(url), _) => {
                builder.base_url(url).map_err(|error| Failure::new(format!("--base-url {url}: {error}")))?
            }
            (None, Some(name)) => {
                let pod: Pod =
                    name.parse().map_err(|error| Failure::new(format!("--pod {name}: {error}")))?;
                builder.pod(pod)
            }
            (None, None) => builder.pod(Pod::from_env().map_err(stop)?),
        };
        builder.build().map_err(stop)
    }

    /// A client for a sandbox at the given address.
    ///
    /// # Errors
    ///
    /// Never in practice: key, secret and address are our own.
    pub fn sandbox_client(address: &str) -> Result<Client, Failure> {
        Credentials::new("sandbox-key", "sandbox-secret")
            .and_then(|credentials| Client::builder(credentials).base_url(address))
            .and_then(crate::client::ClientBuilder::build)
            .map_err(|error| Failure::new(error.to_string()))
    }
}
