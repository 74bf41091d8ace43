//! The example services, as processes: what is posted to them arrives, and what they hold when they are told to stop, too.
#![cfg(all(unix, feature = "uploader", feature = "sandbox"))]
// Helpers of tests, too, may fail loudly.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use mparticle_events::sandbox::Sandbox;

/// The longest that anything here may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// The program of an example: beside this one, where `cargo test` builds it too; built when it is not there, or is older than its source.
fn program(name: &str) -> PathBuf {
    let this = std::env::current_exe().unwrap();
    let profile = this.ancestors().nth(2).unwrap();
    let program = profile.join("examples").join(name);
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name).with_extension("rs");
    let changed = |path: &Path| path.metadata().and_then(|data| data.modified()).ok();
    if changed(&program) < changed(&source) {
        eprintln!("building the example {name}");
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args([
            "build",
            "--locked",
            "--example",
            name,
            "--features",
            "uploader,sandbox",
            "--target-dir",
        ]);
        cargo.arg(profile.parent().unwrap()).current_dir(env!("CARGO_MANIFEST_DIR"));
        cargo.args(profile.ends_with("release").then_some("--release"));
        assert!(cargo.status().unwrap().success());
    }
    program
}

/// A service that is killed when the test is over, whatever happens.
struct Service(Child);

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Service {
    /// Starts it on a free port, sending to this server. Where it listens.
    fn start(name: &str, server: &str) -> (Self, String, Receiver<String>) {
        let mut command = Command::new(program(name));
        command.envs([("MPARTICLE_API_KEY", "key"), ("MPARTICLE_API_SECRET", "secret")]);
        command.envs([("MPARTICLE_POD", server), ("ADDRESS", "127.0.0.1:0")]);
        let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let service = Self(child);
        // Read on a thread, so that one that says nothing is not waited for for ever.
        let (sender, told) = channel();
        thread::spawn(move || lines.map_while(Result::ok).all(|line| sender.send(line).is_ok()));
        let line = told.recv_timeout(PATIENCE).unwrap();
        let address = line.strip_prefix("listening on http://").map(str::to_owned);
        (service, address.unwrap_or_else(|| unreachable!("{name}: {line}")), told)
    }

    fn signal(&self, name: &str) {
        let pid = self.0.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    }

    fn ended(&mut self) -> ExitStatus {
        let every = Duration::from_millis(10);
        for _ in 0..PATIENCE.as_millis() / every.as_millis() {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status;
            }
            thread::sleep(every);
        }
        unreachable!("it did not end within {PATIENCE:?}");
    }
}

/// Places an order. The status line of the answer.
fn order(address: &str, number: u32, customer: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let length = customer.len();
    let head = format!(
        "POST /orders/{number} HTTP/1.1\r\nHost: {address}\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all((head + customer).as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.lines().next().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_posted_arrives_also_when_the_service_is_stopped() {
    for (name, signal) in [
        ("axum_service", "-TERM"),
        ("axum_service", "-INT"),
        ("actix_service", "-TERM"),
        ("actix_service", "-INT"),
    ] {
        // The first request is turned away, so that the orders are still held when the service is told to stop.
        let sandbox = Sandbox::builder().fault("503:count=1".parse().unwrap()).start().await.unwrap();
        let server = sandbox.base_url();
        let (status, rest) = tokio::task::block_in_place(|| {
            let (mut service, address, told) = Service::start(name, &server);
            assert_eq!(order(&address, 1001, "c-42"), "HTTP/1.1 202 Accepted", "{name}");
            assert_eq!(order(&address, 1002, "c-43"), "HTTP/1.1 202 Accepted", "{name}");
            service.signal(signal);
            let status = service.ended();
            (status, told.iter().collect::<Vec<_>>().join("\n"))
        });
        assert!(status.success(), "{name}, {signal}: {status}, {rest}");
        assert_eq!(rest, "", "{name}, {signal}: something was not delivered");
        let received = sandbox.received();
        received.assert_accepted(2).assert_no_duplicates();
        received.assert_customer("c-42").assert_customer("c-43").assert_event("Order placed");
        for (customer, number) in [("c-42", "1001"), ("c-43", "1002")] {
            let batch = received.of_customer(customer).unwrap().json();
            assert_eq!(batch.pointer("/events/0/data/custom_attributes/order").unwrap(), number, "{batch}");
        }
    }
}
