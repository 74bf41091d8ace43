//! `cargo xtask chaos`: the real command, killed at random instants and resumed, against a service where much goes wrong; afterwards
//! every event of the file is accounted for.
//!
//! A run is made from the seed and its number: the file, the options, the faults, and when the process is killed. Instants are of the
//! machine's clock, so that a repeated run meets the same weather and is struck at about the same places.

pub mod input;
pub mod process;
pub mod scenario;
pub mod service;
pub mod truth;

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};

use crate::bench::traffic::Random;
use crate::{Outcome, command};
use input::Input;
use process::{Disturbance, End, Sender};
use scenario::Scenario;
use service::Service;
use truth::{Letter, Told, differences};

/// Starts of the command after which the service is made to work, and after which it should have come to its end.
const CLEAR_AFTER: usize = 20;
const MOST_STARTS: usize = 40;
/// Differences that are shown of one run.
const SHOWN: usize = 12;

/// Arguments of the verb.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// How many runs
    #[arg(long, default_value_t = 10, value_name = "N")]
    pub runs: u64,

    /// What all chance comes from
    #[arg(long, default_value_t = 1, value_name = "S")]
    pub seed: u64,

    /// This run only
    #[arg(long, value_name = "K")]
    pub only: Option<u64>,

    /// The command [default: built from this tree]
    #[arg(long, value_name = "PATH")]
    pub mparticle: Option<PathBuf>,

    /// Say of each run what was in it
    #[arg(long)]
    pub verbose: bool,
}

/// What happened in a run.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    starts: usize,
    killed: usize,
    interrupted: usize,
    batches: usize,
    letters: usize,
    arrivals: u64,
}

/// Makes the runs. One that fails does not keep the others from being made; its file, letters and journal stay.
///
/// # Errors
///
/// When the command cannot be built or asked what it can do.
pub fn run(args: &Args) -> Result<Outcome> {
    let binary = match &args.mparticle {
        Some(path) => path.clone(),
        None => command::build(false)?,
    };
    let plans = knows_planning(&binary)?;
    let folder = env::temp_dir().join(format!("mparticle-chaos-{}-{}", args.seed, std::process::id()));
    let (mut text, mut failed, mut all) = (String::new(), Vec::new(), Tally::default());
    let numbers: Vec<u64> = args.only.map_or_else(|| (1..=args.runs).collect(), |only| vec![only]);
    for number in &numbers {
        let one = Run::new(args.seed, *number, &binary, plans, folder.join(number.to_string()));
        let start = Instant::now();
        let result = one.make(&mut all);
        let took = start.elapsed().as_secs_f64();
        if args.verbose {
            let _ = writeln!(text, "run {number}: {took:.1} s, {}", one.described());
        }
        match result {
            Ok(()) => fs::remove_dir_all(&one.folder)?,
            Err(error) => {
                failed.push(*number);
                let _ = writeln!(
                    text,
                    "run {number} failed: {error:#}\n  {}\n  kept: {}\n  repeat: cargo xtask chaos --seed {} --only {number}",
                    one.described(),
                    one.folder.display(),
                    args.seed
                );
            }
        }
    }
    if failed.is_empty() {
        let _ = fs::remove_dir(&folder);
    }
    let Tally { starts, killed, interrupted, batches, letters, arrivals } = all;
    let (runs, clean) = (numbers.len(), numbers.len() - failed.len());
    let _ = writeln!(
        text,
        "{clean} of {runs} runs clean: {starts} starts, {killed} killed, {interrupted} interrupted; {batches} batches, \
         {arrivals} arrivals, {letters} dead letters"
    );
    Ok(Outcome { text, ok: failed.is_empty() })
}

struct Run {
    seed: u64,
    scenario: Scenario,
    random: Random,
    binary: PathBuf,
    folder: PathBuf,
}

impl Run {
    fn new(seed: u64, number: u64, binary: &Path, plans: bool, folder: PathBuf) -> Self {
        // Mixed, so that the runs of neighbouring seeds have nothing in common.
        let seed = Random(seed).next() ^ Random(!number).next();
        let mut random = Random(seed);
        let scenario = Scenario::draw(&mut random, plans);
        Self { seed, scenario, random, binary: binary.to_owned(), folder }
    }

    fn described(&self) -> String {
        format!("{:?}", self.scenario)
    }

    fn make(&self, all: &mut Tally) -> Result<()> {
        fs::create_dir_all(&self.folder)?;
        let input = Input::generate(&self.scenario, &mut self.random.clone())?;
        let name = match (self.scenario.array, self.scenario.gzip) {
            (true, true) => "batches.json.gz",
            (true, false) => "batches.json",
            (false, true) => "batches.ndjson.gz",
            (false, false) => "batches.ndjson",
        };
        let path = self.folder.join(name);
        fs::write(&path, &input.bytes)?;
        let service = Service::start(&self.scenario, self.seed)?;
        let sender = self.sender(&service, &path);
        let told = self.deliver(&service, &sender, all).with_context(|| said(&sender))?;
        let letters = self.letters()?;
        let account = service.account(&letters)?;
        all.batches += input.batches.len();
        all.letters += letters.len();
        all.arrivals += service.arrivals();
        let mut found = differences(&self.scenario, &input.batches, &account, &letters, &told);
        if found.is_empty() {
            return Ok(());
        }
        let count = found.len();
        found.truncate(SHOWN);
        bail!("{count} differences:\n    {}\n  {}", found.join("\n    "), said(&sender))
    }

    fn sender(&self, service: &Service, path: &Path) -> Sender {
        let mut args: Vec<String> =
            ["send", "--no-config", "--output=json", "--quiet", "--rate=1000000", "--as-of=2026-01-15"]
                .map(str::to_owned)
                .to_vec();
        args.push(format!("--base-url={}", service.base_url()));
        args.push(format!("--dead-letters={}", self.letters_path().display()));
        args.extend(self.scenario.options());
        args.push(path.display().to_string());
        Sender::new(&self.binary, args, &self.folder)
    }

    /// Starts the command until it comes to its end.
    fn deliver(&self, service: &Service, sender: &Sender, all: &mut Tally) -> Result<Told> {
        let mut disturbances = self.scenario.disturbances.iter().copied();
        for start in 0..MOST_STARTS {
            if start == CLEAR_AFTER {
                service.clear();
            }
            all.starts += 1;
            let end = sender.run(start > 0, disturbances.next().unwrap_or(Disturbance::None))?;
            match end {
                End::Killed => all.killed += 1,
                // The second Ctrl-C stops at once.
                End::Code(130, _) => all.interrupted += 1,
                End::Code(2, _) => self.must_be_a_stop(sender)?,
                End::Code(code @ (0 | 1), stdout) => {
                    let told = Told::parse(code, &stdout).map_err(anyhow::Error::msg)?;
                    return if self.scenario.once_more {
                        self.once_more(service, sender, told)
                    } else {
                        Ok(told)
                    };
                }
                End::Code(code, _) => bail!("the command ended with {code}"),
            }
        }
        bail!("the command did not come to its end in {MOST_STARTS} starts")
    }

    /// When all is done, `--resume` sends nothing and says the same.
    fn once_more(&self, service: &Service, sender: &Sender, told: Told) -> Result<Told> {
        let before = service.arrivals();
        match sender.run(true, Disturbance::None)? {
            End::Code(code, stdout) if matches!(code, 0 | 1) => {
                let again = Told::parse(code, &stdout).map_err(anyhow::Error::msg)?;
                if again != told || service.arrivals() != before {
                    let more = service.arrivals() - before;
                    bail!(
                        "resumed when all was done: {more} more batches came; it said {told:?}, then {again:?}"
                    );
                }
                Ok(told)
            }
            end => bail!("resumed when all was done, the command ended as {end:?}"),
        }
    }

    /// Stopped by the service's doing, not by a fault of its own.
    fn must_be_a_stop(&self, sender: &Sender) -> Result<()> {
        let complaints = sender.complaints();
        let odd = ["fault of the tool", "not what it was", "panicked", "another process", "damaged"];
        match odd.iter().find(|odd| complaints.contains(**odd)) {
            Some(odd) => bail!("the command complains: {odd}"),
            None => Ok(()),
        }
    }

    fn letters_path(&self) -> PathBuf {
        self.folder.join("letters.ndjson")
    }

    fn letters(&self) -> Result<Vec<Letter>> {
        let text = match fs::read_to_string(self.letters_path()) {
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            text => text?,
        };
        text.lines().map(|line| Letter::parse(line).map_err(anyhow::Error::msg)).collect()
    }
}

/// The end of what the command said, and how it was called.
fn said(sender: &Sender) -> String {
    let complaints = sender.complaints();
    let lines: Vec<&str> = complaints.lines().collect();
    let last = lines.get(lines.len().saturating_sub(6)..).unwrap_or_default();
    format!("mparticle {}\n    {}", sender.args(), last.join("\n    "))
}

fn knows_planning(binary: &Path) -> Result<bool> {
    let help = Command::new(binary).args(["send", "--help"]).output();
    let help = help.with_context(|| format!("cannot run {}", binary.display()))?;
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    if !help.contains("--resume") {
        bail!("{} knows no `send --resume`", binary.display());
    }
    Ok(help.contains("--merge") && help.contains("--no-split"))
}
