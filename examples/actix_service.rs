//! A web service on actix that reports what its users do: `cargo run --example actix_service --features uploader,sandbox`.
//!
//! Try `curl -X POST http://127.0.0.1:3000/orders/1001 -d c-42`; `ADDRESS` has it listen elsewhere. Ctrl-C or SIGTERM stops it, and it
//! delivers what is held before it ends. With `MPARTICLE_API_KEY` and `MPARTICLE_API_SECRET` set it sends to the service, or where
//! `MPARTICLE_POD` says, else to a sandbox of its own.

use std::error::Error;
use std::time::Duration;

use actix_web::web::{Data, Path};
use actix_web::{App, HttpResponse, HttpServer, web};
use mparticle_events::client::{Client, Credentials};
use mparticle_events::sandbox::Sandbox;
use mparticle_events::types::{Batch, CustomEventType, Environment, Event};
use mparticle_events::uploader::{Fate, Uploader};

/// Takes an order. Reporting it must not slow it down: when there is no room, it is counted and not waited for.
async fn order(uploader: Data<Uploader>, order: Path<String>, customer: String) -> HttpResponse {
    let event =
        Event::custom("Order placed", CustomEventType::Transaction).attribute("order", order.into_inner());
    let batch = Batch::new(Environment::Development).customer_id(customer).event(event);
    match uploader.try_enqueue(batch) {
        Ok(_) => HttpResponse::Accepted().finish(),
        Err(error) if error.is_invalid() => HttpResponse::UnprocessableEntity().finish(),
        Err(_) => HttpResponse::ServiceUnavailable().finish(),
    }
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

#[actix_web::main]
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
    let shared = Data::new(uploader.clone());
    let app = move || App::new().app_data(shared.clone()).route("/orders/{order}", web::post().to(order));
    let address = std::env::var("ADDRESS").unwrap_or_else(|_| "127.0.0.1:3000".to_owned());
    let server = HttpServer::new(app).workers(2).bind(address)?;
    for address in server.addrs() {
        eprintln!("listening on http://{address}");
    }
    // It ends by itself: at once on Ctrl-C, and on SIGTERM when the requests under way are answered.
    server.run().await?;
    // Only now does nothing come any more.
    for left in uploader.shutdown(Duration::from_secs(10)).await {
        eprintln!("not delivered: {:?}", left.source_request_id());
    }
    Ok(())
}
