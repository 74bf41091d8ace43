//! What is sent: [`Batch`], [`Event`] and all that they hold.
//!
//! The structs and enums are generated at build time from the published OpenAPI document as corrected in `openapi/`.
//! Hand-written are short constructors ([`Batch::new`], [`Event::custom`], [`Event::purchase`], …) and the values whose
//! wire form no schema can say ([`AttributeValue`], [`UserAttributeValue`], [`Number`]).
//!
//! - Optional members are `Option`; maps are ordered, so the same batch has the same bytes every time.
//! - Reading is tolerant: unknown members are skipped, null counts as absent, an integer may be written as text.
//! - A struct grows when the service does. Fill it with `new` or `..Default::default()` to stay compatible.
//!
//! ```
//! use mparticle_events::types::{Batch, Environment, Event, Product};
//!
//! let order = Event::purchase("order-1001", [Product::of("sku-7", "Shirt").priced(19.9, 2)]).currency("EUR");
//! let batch = Batch::new(Environment::Production).customer_id("c-42").event(order);
//! # assert!(batch.events.is_some());
//! ```

mod batch;
mod commerce;
mod event;
#[cfg(feature = "schemars")]
mod json_schema;
mod tolerant;
mod value;

pub use generated::*;
pub use value::{AttributeValue, Number, PushMessageBehavior, UserAttributeValue};

/// What an application went through.
pub use generated::ApplicationStateTransitionEventDataApplicationTransitionType as ApplicationTransitionType;
/// Which data a batch belongs to.
pub use generated::BatchEnvironment as Environment;
/// Kinds of custom event.
pub use generated::CustomEventDataCustomEventType as CustomEventType;
/// Platforms of a device.
pub use generated::DeviceInformationPlatform as Platform;
/// What was done with products.
pub use generated::ProductActionAction as ProductActionType;
/// What was done with promotions.
pub use generated::PromotionActionAction as PromotionActionType;
/// What happened to a push message.
pub use generated::PushMessageEventDataPushMessageType as PushMessageType;

mod generated {
    #![allow(clippy::all, clippy::indexing_slicing, clippy::unwrap_used)]
    include!(concat!(env!("OUT_DIR"), "/types.rs"));
}
