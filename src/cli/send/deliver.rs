//! The delivery: a thread reads, checks and packs; this side sends, several requests at a time.

use std::cell::RefCell;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use futures_core::Stream;
use futures_util::stream;
use tokio::sync::mpsc;

use super::args::SendArgs;
use super::intake::{SharedIntake, SharedLedger, lock};
use super::letters::LetterFile;
use super::outcome::{Outcome, SandboxAccount};
use super::producer::{Item, Producer};
use super::resume;
use super::watch::{Console, Watch};
use crate::cli::exit::{Exit, Failure};
use crate::cli::inputs::Input;
use crate::cli::output::Streams;
use crate::cli::progress::Progress;
use crate::cli::runtime::{self, Signals};
use crate::client::Client;
use crate::deliver::{Policy, Sender, Stop};
use crate::pack::Request;
use crate::sandbox::Sandbox;

/// Requests that are packed before the first of them is sent.
const AHEAD: usize = 8;
/// How long to wait, once stopped, for a reader that may be waiting for its input.
const GRACE: Duration = Duration::from_millis(300);

/// Delivers the inputs.
///
/// # Errors
///
/// When it cannot begin.
pub fn run(
    args: &mut SendArgs,
    inputs: &[Input],
    letters: PathBuf,
    streams: &mut Streams<'_>,
) -> Result<Exit, Failure> {
    // Credentials first: without them there is no point in reading anything.
    let client = if args.sandbox { None } else { Some(args.client()?) };
    let letters = LetterFile::new(letters, args.overwrite, crate::clock::system());
    let ledger = resume::open(args, inputs, letters)?;
    let args = &*args;
    let delivery = Delivery {
        args,
        inputs,
        intake: SharedIntake::default(),
        ledger: Arc::new(Mutex::new(ledger)),
        stop: Stop::new(),
    };
    let producer = delivery.producer(streams.err_color)?;
    // A sandbox works beside the sender.
    let runtime = if args.sandbox { runtime::start()? } else { runtime::single()? };
    let outcome = runtime.block_on(async {
        match client {
            Some(client) => Ok(delivery.run(client, producer, Signals::catch()?, streams).await),
            None => delivery.run_sandbox(producer, streams).await,
        }
    })?;
    // A thread may still be waiting for a pipe that nobody writes to.
    runtime.shutdown_background();
    if let Some(changed) = &outcome.changed {
        let name = inputs.get(changed.input).map(Input::name).unwrap_or_default();
        return Err(Failure::new(format!(
            "{name} is not what it was when the delivery began: {changed}; nothing was sent"
        ))
        .help(
            "put it back as it was and --resume, or send what is there now with --restart: what was accepted then goes \
             again, and counts twice where batches were put in or taken out before it",
        ));
    }
    outcome.report(args, streams)
}

struct Delivery<'a> {
    args: &'a SendArgs,
    inputs: &'a [Input],
    intake: SharedIntake,
    ledger: SharedLedger,
    stop: Stop,
}

impl Delivery<'_> {
    fn producer(&self, color: bool) -> Result<Producer, Failure> {
        Producer::new(self.args, color, Arc::clone(&self.intake), Some(Arc::clone(&self.ledger)))
    }

    async fn run_sandbox(&self, producer: Producer, streams: &mut Streams<'_>) -> Result<Outcome, Failure> {
        let signals = Signals::catch()?;
        let sandbox = Sandbox::builder()
            .limits(self.args.check.limits())
            .clock(self.args.check.clock())
            // Only the counts are needed here, and a file can be large.
            .max_kept(0)
            .start()
            .await
            .map_err(|error| Failure::new(error.to_string()))?;
        if !self.args.quiet {
            streams.say(format_args!("sandbox listening on {}\n", sandbox.base_url()));
        }
        let client = SendArgs::sandbox_client(&sandbox.base_url())?;
        let mut outcome = self.run(client, producer, signals, streams).await;
        outcome.sandbox = Some(SandboxAccount::of(&sandbox.received()));
        sandbox.shutdown().await;
        Ok(outcome)
    }

    async fn run(
        &self,
        client: Client,
        producer: Producer,
        signals: Signals,
        streams: &mut Streams<'_>,
    ) -> Outcome {
        let started = Instant::now();
        let sizes: Option<Vec<u64>> = self.inputs.iter().map(Input::size).collect();
        let watched = streams.watched && !self.args.quiet;
        let progress = Progress::new(watched, sizes.map(|sizes| sizes.iter().sum()));
        let signals = tokio::spawn(signals.stop(self.stop.clone(), progress.clone()));
        let console = RefCell::new(Console { streams, progress });
        let (items, incoming) = mpsc::channel(AHEAD);
        let reader = self.read(producer, items);

        let mut watch =
            Watch::new(&console, Arc::clone(&self.intake), Arc::clone(&self.ledger), self.args.quiet);
        let requests = requests(incoming, self.stop.clone(), &console);
        let summary = self.sender(client).run(requests, &self.stop, &mut watch).await;

        signals.abort();
        let (accepted, pieces) = (std::mem::take(&mut watch.accepted), std::mem::take(&mut watch.pieces));
        let parts = watch.parts;
        console.borrow().progress.finish();
        if !self.stop.is_stopped() {
            // It is at its end: the channel was closed. Waiting makes its counts final.
            let _ = reader.join();
        }
        let mut ledger = lock(&self.ledger);
        let mut intake = std::mem::take(&mut *lock(&self.intake));
        let changed = ledger.changed(intake.complete);
        intake.held_back = intake.held_back.saturating_sub(ledger.forget());
        let earlier = ledger.earlier();
        let all = intake.complete && intake.failures.is_empty() && changed.is_none();
        let closed = ledger.close(all && summary.stopped.is_none() && summary.not_attempted == 0);
        Outcome {
            intake,
            summary,
            earlier,
            accepted,
            pieces,
            parts,
            ledger: Arc::clone(&self.ledger),
            not_written: closed.err().map(|error| error.to_string()),
            changed,
            sandbox: None,
            took: started.elapsed(),
        }
    }

    /// A thread of its own, and not one of the runtime's: it may wait for a pipe for ever.
    fn read(&self, producer: Producer, items: mpsc::Sender<Item>) -> thread::JoinHandle<()> {
        let inputs = self.inputs.to_vec();
        let (stop, intake, ledger) = (self.stop.clone(), Arc::clone(&self.intake), Arc::clone(&self.ledger));
        thread::spawn(move || {
            // After a stop nothing more is sent, but what was counted until then is still told.
            let wanted = |item: &Item| matches!(item, Item::Text(_)) || !stop.is_stopped();
            let send = |item| wanted(&item) && items.blocking_send(item).is_ok();
            let mut gate = Gate { ledger, send, verified: false, waiting: Vec::new() };
            producer.run(&inputs, &mut |item| gate.pass(item));
            if let Err(error) = gate.end() {
                lock(&intake).letters_failed.get_or_insert(error.to_string());
            }
            if let Some(reason) = &lock(&intake).letters_failed {
                stop.stop(reason.clone());
            }
        })
    }

    fn sender(&self, client: Client) -> Sender<Client> {
        let policy = Policy { max_attempts: self.args.max_attempts, ..Policy::default() };
        Sender::new(client)
            .policy(policy)
            .concurrency(self.args.concurrency.into())
            .batches_per_second(self.args.ceiling())
    }
}

/// Keeps everything back until the input is known to be the one that an earlier run read: only then may anything be sent or written.
///
/// That is not much: most of what was read then is settled.
struct Gate<F> {
    ledger: SharedLedger,
    send: F,
    verified: bool,
    waiting: Vec<Item>,
}

impl<F: Fn(Item) -> bool> Gate<F> {
    fn pass(&mut self, item: Item) -> bool {
        self.verified = self.verified || lock(&self.ledger).is_verified();
        self.waiting.push(item);
        !self.verified || self.waiting.drain(..).all(&self.send)
    }

    /// Lets go of what still waits, when the input is right.
    fn end(mut self) -> io::Result<()> {
        if !lock(&self.ledger).is_verified() {
            return Ok(());
        }
        self.waiting.drain(..).all(&self.send);
        lock(&self.ledger).release()
    }
}

/// The requests as they come from the reader; its messages are shown in passing.
fn requests<'c>(
    incoming: mpsc::Receiver<Item>,
    stop: Stop,
    console: &'c RefCell<Console<'_, '_>>,
) -> impl Stream<Item = Request> + 'c {
    stream::unfold((incoming, stop), move |(mut incoming, stop)| async move {
        loop {
            let item = tokio::select! {
                biased;
                item = incoming.recv() => item,
                () = stop.stopped() => {
                    // What is packed is counted as not attempted; what is not will not be waited for.
                    tokio::time::timeout(GRACE, incoming.recv()).await.unwrap_or(None)
                }
            };
            match item? {
                Item::Request(request) => return Some((request, (incoming, stop))),
                Item::Text(text) => console.borrow_mut().write(&text),
            }
        }
    })
}
