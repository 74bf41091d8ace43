//! A web service on axum that reports what its users do: `cargo run --example axum_service --features uploader,sandbox`.
//!
//! Try `curl -X POST http://127.0.0.1:3000/orders/1001 -d c-42`; `ADDRESS` has it listen elsewhere. Ctrl-C or SIGTERM stops it, and it
//! delivers what is held before it ends. With `MPARTICLE_API_KEY` and `MPARTICLE_API_SECRET` set it sends to the service, or where
//! `MPARTICLE_POD` says, else to a sandbox of its own.

use std::error::Error;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::post;
use mparticle_events::client::{Client, Credentials};
use mparticle_events::sandbox::Sandbox;
use mparticle_events::types::{Batch, CustomEventType, Environment, Event};
use mparticle_events::uploader::{Fate, Uploader};

/// Takes an order. Reporting it must not slow it down: when there is no room, it is counted and not waited for.
async fn order(State(uploader): State<Uploader>, Path(order): Path<String>, customer: String) -> StatusCode {
    let event = Event::custom("Order placed", CustomEventType::Transaction).attribute("order", order);
    let batch = Batch::new(Environment::Development).customer_id(customer).event(event);
    match uploader.try_enqueue(batch) {
        Ok(_) => StatusCode::ACCEPTED,
        Err(error) if error.is_invalid() => StatusCode::UNPROCESSABLE_ENTITY,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

fn app(uploader: Uploader) -> Router {
    Router::new().route("/orders/{order}", post(order)).with_state(uploader)
}

/// Ends on Ctrl-C, and on the signal with which whatever runs services asks them to stop.
fn told_to_stop() -> std::io::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    Ok(async move {
        #[cfg(unix)]
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        #[cfg(not(unix))]
        tokio::signal::ctrl_c().await.unwrap_or_default();
    })
}

#[allow(clippy::print_stderr)]
fn uploader(client: Client) -> Result<Uploader, Box<dyn Error>> {
    let builder = Uploader::builder(client).on_settled(|settled| {
        if settled.fate != Fate::Accepted {
            eprintln!("{}: {:?}", settled.ticket, settled.fate);
        }
    });
    Ok(builder.start()?)
}

#[tokio::main]
#[allow(clippy::print_stderr)]
async fn main() -> Result<(), Box<dyn Error>> {
    let sandbox = Sandbox::start().await?;
    let client = match Client::from_env() {
        Ok(client) => client,
        Err(_) => {
            Client::builder(Credentials::new("key", "secret")?).base_url(&sandbox.base_url())?.build()?
        }
    };
    let uploader = uploader(client)?;
    let address = std::env::var("ADDRESS").unwrap_or_else(|_| "127.0.0.1:3000".to_owned());
    let listener = tokio::net::TcpListener::bind(address).await?;
    eprintln!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app(uploader.clone())).with_graceful_shutdown(told_to_stop()?).await?;
    // Only now does nothing come any more.
    for left in uploader.shutdown(Duration::from_secs(10)).await {
        eprintln!("not delivered: {:?}", left.source_request_id());
    }
    Ok(())
}
