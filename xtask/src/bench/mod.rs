//! `cargo xtask bench`: how fast and how cheaply files are delivered, beside a load generator and the official SDKs.
//!
//! Everything runs in turns in one run against the same sink on loopback, and the best of several turns counts, so that the
//! ratios hold on a machine that is doing other things as well.

mod child;
mod plain;
pub mod sink;

use std::env;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use child::Taken;

use crate::{Outcome, command};

#[path = "../../../tests/accept/traffic.rs"]
#[allow(
    dead_code,
    clippy::indexing_slicing,
    reason = "the tests of the validator use the rest; indices are below the length"
)]
pub(crate) mod traffic;

/// Arguments of the verb.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Size of the generated file in MB.
    #[arg(long, default_value_t = 1000, value_name = "MB")]
    pub megabytes: u64,

    /// Connections, of ours and of the load generator.
    #[arg(long, default_value_t = 16, value_name = "N")]
    pub connections: u16,

    /// Turns; the best of them counts.
    #[arg(long, default_value_t = 3, value_name = "N")]
    pub turns: u32,

    /// The command to measure [default: built in release mode from this tree]
    #[arg(long, value_name = "PATH")]
    pub mparticle: Option<PathBuf>,

    /// A Python that has the package `mparticle`; without it the Python SDK is left out.
    #[arg(long, value_name = "PATH")]
    pub python: Option<PathBuf>,

    /// A directory in whose `node_modules` the package `mparticle` is; without it the Node SDK is left out.
    #[arg(long, value_name = "DIR")]
    pub node: Option<PathBuf>,

    /// Be the sink instead.
    #[arg(long, hide = true)]
    pub sink: bool,

    /// Post this file as it is instead.
    #[arg(long, hide = true, value_names = ["PATH", "BYTES", "PORT"], num_args = 3)]
    pub plain: Option<Vec<String>>,
}

/// One way to deliver.
struct Row {
    name: &'static str,
    /// Bytes of bodies and batches of one turn.
    bytes: u64,
    batches: u64,
    best: Option<Taken>,
}

/// Measures and prints the table.
///
/// # Errors
///
/// When `wrk` is not installed, or one of the commands fails.
pub fn run(args: &Args) -> Result<Outcome> {
    if args.sink {
        sink::serve()?;
        return Ok(Outcome { text: String::new(), ok: true });
    }
    if let Some([path, bytes, port]) = args.plain.as_deref() {
        plain::post(Path::new(path), bytes.parse()?, args.connections, port.parse()?)?;
        return Ok(Outcome { text: String::new(), ok: true });
    }
    let binary = match &args.mparticle {
        Some(path) => path.clone(),
        None => command::build(true)?,
    };
    let folder = env::temp_dir().join(format!("mparticle-bench-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let result = measure(args, &binary, &folder);
    fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    result
}

fn measure(args: &Args, binary: &Path, folder: &Path) -> Result<Outcome> {
    let input = write_input(folder, args.megabytes * 1_000_000)?;
    let sink = Sink::start()?;
    let mut rows = vec![
        Row::new("wrk, the same bodies over and over"),
        Row::new("the file read and posted as it is"),
        Row::new("mparticle send --no-validate"),
        Row::new("mparticle send"),
    ];
    for _ in 0..args.turns {
        let [load, plain, unchecked, checked] = rows.as_mut_slice() else { bail!("four rows") };
        load.take(wrk(args, &sink, &input)?);
        plain.take((post_plain(args, &sink, &input)?, input.bytes, input.batches));
        unchecked.take((send(args, binary, &sink, &input, true)?, input.bytes, input.batches));
        checked.take((send(args, binary, &sink, &input, false)?, input.bytes, input.batches));
    }
    for (name, command, batches) in sdks(args, folder, &sink)? {
        let mut row = Row::new(name);
        for _ in 0..args.turns {
            row.take((child::run(&mut command())?, 0, batches));
        }
        rows.push(row);
    }
    if args.python.is_some() || args.node.is_some() {
        let input = write_small(folder)?;
        let mut row = Row::new("mparticle send, the batches of the SDKs");
        for _ in 0..args.turns {
            row.take((send(args, binary, &sink, &input, false)?, input.bytes, input.batches));
        }
        rows.push(row);
    }
    Ok(Outcome { text: table(args, &input, &rows), ok: true })
}

/// The file to deliver, and the first request of it.
struct Input {
    path: PathBuf,
    body: PathBuf,
    body_bytes: u64,
    bytes: u64,
    batches: u64,
}

/// Batches of about 1 KB as real traffic has them, a hundred of which make a request of about 99 KB.
fn write_input(folder: &Path, bytes: u64) -> Result<Input> {
    let path = folder.join("batches.ndjson");
    let mut out = BufWriter::new(File::create(&path)?);
    let mut random = traffic::Random(1);
    // Repeated after a while: making a gigabyte anew takes longer than sending it.
    let some: Vec<String> = (0..5000).map(|_| traffic::batch(&mut random, traffic::Size::Small)).collect();
    let (mut written, mut batches) = (0, 0);
    for round in 0_u64.. {
        if written >= bytes {
            break;
        }
        // Ids that come a second time would be faults.
        let mark = format!("_id\":\"{round}-");
        for batch in &some {
            let batch = batch.replace("_request_id\":\"", &format!("_request{mark}"));
            let batch = batch.replace("_message_id\":\"", &format!("_message{mark}"));
            writeln!(out, "{batch}")?;
            written += batch.len() as u64 + 1;
            batches += 1;
        }
    }
    out.flush()?;
    let body = folder.join("body.json");
    let first: Vec<&str> = some.iter().take(100).map(String::as_str).collect();
    let text = format!("[{}]", first.join(","));
    fs::write(&body, &text)?;
    Ok(Input { path, body, body_bytes: text.len() as u64, bytes: written, batches })
}

/// The batches that the SDKs send, as many as take our command some tenths of a second.
fn write_small(folder: &Path) -> Result<Input> {
    let path = folder.join("small.ndjson");
    let mut out = BufWriter::new(File::create(&path)?);
    let batches = 400_000;
    for number in 0..batches {
        writeln!(
            out,
            "{{\"environment\":\"development\",\"user_identities\":{{\"customer_id\":\"customer-{number}\"}},\
             \"user_attributes\":{{\"tier\":\"gold\",\"city\":\"Hamburg\"}},\"events\":[{{\"event_type\":\"custom_event\",\
             \"data\":{{\"event_name\":\"Product viewed\",\"custom_event_type\":\"navigation\",\
             \"timestamp_unixtime_ms\":1768435200000,\"custom_attributes\":{{\"category\":\"shoes\",\"page\":\"3\"}}}}}}]}}"
        )?;
    }
    out.flush()?;
    drop(out);
    let bytes = fs::metadata(&path)?.len();
    Ok(Input { body: path.clone(), path, body_bytes: 0, bytes, batches })
}

/// The sink, in a process of its own.
struct Sink {
    child: Child,
    port: u16,
}

impl Sink {
    fn start() -> Result<Self> {
        let mut child = Command::new(env::current_exe()?)
            .args(["bench", "--sink"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the sink")?;
        let mut line = String::new();
        let out = child.stdout.take().context("the sink has no output")?;
        BufReader::new(out).read_line(&mut line)?;
        let port = line.trim().parse().context("the sink did not say its port")?;
        Ok(Self { child, port })
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        // It ends by itself when its input does; this makes it sure.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The load generator for some seconds.
fn wrk(args: &Args, sink: &Sink, input: &Input) -> Result<(Taken, u64, u64)> {
    let script = input.body.with_extension("lua");
    fs::write(
        &script,
        format!(
            "local file = io.open(\"{}\")\nwrk.method = \"POST\"\nwrk.body = file:read(\"*a\")\n\
             wrk.headers[\"Content-Type\"] = \"application/json\"\n\
             done = function(summary, latency, requests) io.write(\"requests \", summary.requests, \" \", summary.duration, \"\\n\") end\n",
            input.body.display()
        ),
    )?;
    let mut command = Command::new("wrk");
    command
        .args(["--threads", "2", "--duration", "3s", "--connections"])
        .arg(args.connections.to_string())
        .arg("--script")
        .arg(&script)
        .arg(format!("{}/v2/bulkevents", sink.url()));
    let mut taken = child::run(&mut command).context("wrk comes with Debian's package `wrk`")?;
    let numbers: Vec<u64> = taken
        .output
        .lines()
        .find_map(|line| line.strip_prefix("requests "))
        .map(|line| line.split(' ').filter_map(|word| word.parse().ok()).collect())
        .unwrap_or_default();
    let [requests, microseconds] = numbers[..] else { bail!("wrk did not say how many requests it made") };
    taken.wall = Duration::from_micros(microseconds);
    Ok((taken, requests * input.body_bytes, requests * 100))
}

/// The file as it is, in a process of its own like the others.
fn post_plain(args: &Args, sink: &Sink, input: &Input) -> Result<Taken> {
    let mut command = Command::new(env::current_exe()?);
    command.args(["bench", "--connections", &args.connections.to_string(), "--plain"]);
    command.arg(&input.path).args([input.body_bytes.to_string(), sink.port.to_string()]);
    child::run(&mut command)
}

/// Our command, to the end of the file.
fn send(args: &Args, binary: &Path, sink: &Sink, input: &Input, unchecked: bool) -> Result<Taken> {
    let mut command = Command::new(binary);
    command
        .env("MPARTICLE_API_KEY", "key")
        .env("MPARTICLE_API_SECRET", "secret")
        .args(["send", "--quiet", "--rate", "4000000000", "--no-config", "--no-journal"])
        .args(["--as-of", "2026-01-15", "--base-url", &sink.url(), "--concurrency"])
        .arg(args.connections.to_string())
        .arg(&input.path);
    if unchecked {
        command.arg("--no-validate");
    }
    child::run(&mut command)
}

type Make = Box<dyn Fn() -> Command>;

/// The official SDKs, as many of them as were given: batches of one custom event, a hundred a request.
fn sdks(args: &Args, folder: &Path, sink: &Sink) -> Result<Vec<(&'static str, Make, u64)>> {
    let requests = 200_u64;
    let mut found: Vec<(&'static str, Make, u64)> = Vec::new();
    let mut add =
        |name, program: OsString, script: &str, file: &str, modules: Option<OsString>| -> Result<()> {
            let path = folder.join(file);
            fs::write(&path, script)?;
            let url = format!("{}/v2", sink.url());
            // Without batches first: what starting up costs is not counted.
            for (row, count) in [(name, requests), ("    the same, starting up only", 0)] {
                let (program, path, url, modules) =
                    (program.clone(), path.clone(), url.clone(), modules.clone());
                let make = move || {
                    let mut command = Command::new(&program);
                    command.arg(&path).arg(&url).arg(count.to_string());
                    if let Some(modules) = &modules {
                        command.env("NODE_PATH", modules);
                    }
                    command
                };
                found.push((row, Box::new(make), count * 100));
            }
            Ok(())
        };
    if let Some(python) = &args.python {
        add("Python SDK, bulk", python.into(), include_str!("sdk.py"), "sdk.py", None)?;
    }
    if let Some(node) = &args.node {
        let modules = node.join("node_modules").into();
        add("Node SDK, bulk", "node".into(), include_str!("sdk.js"), "sdk.js", Some(modules))?;
    }
    Ok(found)
}

impl Row {
    fn new(name: &'static str) -> Self {
        Self { name, bytes: 0, batches: 0, best: None }
    }

    /// Keeps the better of two turns, by bytes a second or, where no bytes are known, by processor time.
    fn take(&mut self, (taken, bytes, batches): (Taken, u64, u64)) {
        let better = match &self.best {
            None => true,
            Some(best) if bytes == 0 => taken.cpu < best.cpu,
            Some(best) => rate(bytes, taken.wall) > rate(self.bytes, best.wall),
        };
        if better {
            (self.bytes, self.batches, self.best) = (bytes, batches, Some(taken));
        }
    }

    fn rate(&self) -> f64 {
        self.best.as_ref().map_or(0.0, |best| rate(self.bytes, best.wall))
    }

    /// Microseconds of processor time a batch.
    fn cpu(&self) -> f64 {
        self.best.as_ref().map_or(0.0, |best| best.cpu.as_secs_f64() * 1e6 / self.batches.max(1) as f64)
    }
}

fn rate(bytes: u64, time: Duration) -> f64 {
    bytes as f64 / 1e6 / time.as_secs_f64().max(1e-9)
}

fn table(args: &Args, input: &Input, rows: &[Row]) -> String {
    let mut text = format!(
        "{} batches of {} bytes on average, bodies of about {} bytes, {} connections\n\n\
         | | MB/s | of wrk | CPU a batch, µs | resident, MB |\n|---|---|---|---|---|\n",
        input.batches,
        input.bytes / input.batches.max(1),
        input.body_bytes,
        args.connections
    );
    let wrk = rows.first().map_or(0.0, Row::rate);
    for row in rows {
        let Some(best) = &row.best else { continue };
        let speed = if row.bytes > 0 {
            format!("{:.0} | {:.2}", row.rate(), row.rate() / wrk)
        } else {
            " | ".to_owned()
        };
        let cpu = if row.batches > 0 {
            format!("{:.2}", row.cpu())
        } else {
            format!("({:.0} ms in all)", best.cpu.as_secs_f64() * 1e3)
        };
        // Writing to a String does not fail.
        let _ = writeln!(text, "| {} | {speed} | {cpu} | {:.0} |", row.name, best.resident as f64 / 1e6);
    }
    text
}
