//! Short ways to make the common events, and what all 17 kinds have in common.

use std::collections::BTreeMap;

use super::{
    AttributeValue, CommerceEventData, CustomEventData, CustomEventType, Event, Product, ProductAction,
    ProductActionType, Promotion, PromotionAction, PromotionActionType, ScreenViewEventData,
    SessionEndEventData, SessionStartEventData,
};

/// Runs the same code on the data of whichever kind the event is: the common members stand in each of them.
macro_rules! with_data {
    ($event:expr, $data:ident => $body:expr) => {
        match $event {
            Event::SessionStart($data) => $body,
            Event::SessionEnd($data) => $body,
            Event::ScreenView($data) => $body,
            Event::CustomEvent($data) => $body,
            Event::CommerceEvent($data) => $body,
            Event::CrashReport($data) => $body,
            Event::OptOut($data) => $body,
            Event::FirstRun($data) => $body,
            Event::Uninstall($data) => $body,
            Event::PushRegistration($data) => $body,
            Event::ApplicationStateTransition($data) => $body,
            Event::PushMessage($data) => $body,
            Event::NetworkPerformance($data) => $body,
            Event::Breadcrumb($data) => $body,
            Event::Profile($data) => $body,
            Event::UserAttributeChange($data) => $body,
            Event::UserIdentityChange($data) => $body,
        }
    };
}

impl Event {
    /// A custom event. Names over 256 characters are truncated by the service.
    ///
    /// ```
    /// use mparticle_events::types::{CustomEventType, Event};
    ///
    /// let event = Event::custom("Plan chosen", CustomEventType::UserPreference)
    ///     .attribute("plan", "gold")
    ///     .attribute("seats", 5)
    ///     .at(1_768_435_200_000);
    /// # assert!(event.timestamp_unixtime_ms().is_some());
    /// ```
    #[must_use]
    pub fn custom(event_name: impl Into<String>, custom_event_type: CustomEventType) -> Self {
        Self::CustomEvent(CustomEventData::new(custom_event_type, event_name))
    }

    /// A screen or page that was shown.
    #[must_use]
    pub fn screen_view(screen_name: impl Into<String>) -> Self {
        Self::ScreenView(ScreenViewEventData::new(screen_name))
    }

    /// The start of a session; `session_uuid` ties its events together.
    #[must_use]
    pub fn session_start(session_uuid: impl Into<String>) -> Self {
        Self::SessionStart(SessionStartEventData {
            session_uuid: Some(session_uuid.into()),
            ..Default::default()
        })
    }

    /// The end of a session and how long it lasted, in milliseconds.
    #[must_use]
    pub fn session_end(session_uuid: impl Into<String>, session_duration_ms: i64) -> Self {
        let mut data = SessionEndEventData::new(session_duration_ms);
        data.session_uuid = Some(session_uuid.into());
        Self::SessionEnd(data)
    }

    /// Something done with products: added to the cart, viewed, refunded and so on.
    #[must_use]
    pub fn product_action(action: ProductAction) -> Self {
        Self::CommerceEvent(CommerceEventData { product_action: Some(action), ..Default::default() })
    }

    /// A purchase. Amounts are decimal, in the currency of the event (see [`Event::currency`]).
    ///
    /// ```
    /// use mparticle_events::types::{Event, Product};
    ///
    /// let shirt = Product::of("sku-7", "Shirt").priced(19.9, 2);
    /// let event = Event::purchase("order-1001", [shirt]).currency("EUR");
    /// # let json = serde_json::to_value(&event)?;
    /// # assert_eq!(json["data"]["product_action"]["total_amount"], 39.8);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn purchase(transaction_id: impl Into<String>, products: impl IntoIterator<Item = Product>) -> Self {
        let mut action = ProductAction::of(ProductActionType::Purchase, products);
        action.transaction_id = Some(transaction_id.into());
        Self::product_action(action)
    }

    /// Promotions that were shown or clicked.
    #[must_use]
    pub fn promotion(action: PromotionActionType, promotions: impl IntoIterator<Item = Promotion>) -> Self {
        let mut promotion = PromotionAction::new(action);
        promotion.promotions = promotions.into_iter().collect();
        Self::CommerceEvent(CommerceEventData { promotion_action: Some(promotion), ..Default::default() })
    }

    /// When it happened, Unix milliseconds. Without it the service takes the time it received the event; the historical
    /// path drops the whole batch.
    #[must_use]
    pub fn at(mut self, timestamp_unixtime_ms: i64) -> Self {
        with_data!(&mut self, data => data.timestamp_unixtime_ms = Some(timestamp_unixtime_ms));
        self
    }

    /// Sets one custom attribute.
    #[must_use]
    pub fn attribute(mut self, name: impl Into<String>, value: impl Into<AttributeValue>) -> Self {
        with_data!(&mut self, data => data.custom_attributes.get_or_insert_default().insert(name.into(), value.into()));
        self
    }

    /// Sets one custom flag: read by integrations, not stored with the event.
    #[must_use]
    pub fn flag(mut self, name: impl Into<String>, value: impl Into<AttributeValue>) -> Self {
        with_data!(&mut self, data => data.custom_flags.get_or_insert_default().insert(name.into(), value.into()));
        self
    }

    /// Your own id of this event, by which repeats can be told.
    #[must_use]
    pub fn message_id(mut self, source_message_id: impl Into<String>) -> Self {
        with_data!(&mut self, data => data.source_message_id = Some(source_message_id.into()));
        self
    }

    /// The session it belongs to.
    #[must_use]
    pub fn session(mut self, session_uuid: impl Into<String>) -> Self {
        with_data!(&mut self, data => data.session_uuid = Some(session_uuid.into()));
        self
    }

    /// The currency of a commerce event, ISO 4217; other kinds have none and stay as they are.
    #[must_use]
    pub fn currency(mut self, currency_code: impl Into<String>) -> Self {
        if let Self::CommerceEvent(data) = &mut self {
            data.currency_code = Some(currency_code.into());
        }
        self
    }

    /// When it happened, Unix milliseconds.
    #[must_use]
    pub fn timestamp_unixtime_ms(&self) -> Option<i64> {
        with_data!(self, data => data.timestamp_unixtime_ms)
    }

    /// Your own id of this event.
    #[must_use]
    pub fn source_message_id(&self) -> Option<&str> {
        with_data!(self, data => data.source_message_id.as_deref())
    }

    /// Its custom attributes.
    #[must_use]
    pub fn custom_attributes(&self) -> Option<&BTreeMap<String, AttributeValue>> {
        with_data!(self, data => data.custom_attributes.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn common_members_reach_every_kind() {
        let kinds = [
            Event::custom("a", CustomEventType::Other),
            Event::screen_view("b"),
            Event::session_start("c"),
            Event::session_end("c", 5),
            Event::FirstRun(Default::default()),
            Event::purchase("d", []),
        ];
        for event in kinds {
            let event = event.at(7).attribute("k", 1).flag("f", true).message_id("m").session("s");
            let data = &serde_json::to_value(&event).unwrap()["data"];
            assert_eq!(data["timestamp_unixtime_ms"], 7, "{data}");
            assert_eq!(data["custom_attributes"], json!({ "k": 1 }), "{data}");
            assert_eq!(data["custom_flags"], json!({ "f": true }), "{data}");
            assert_eq!(
                (&data["source_message_id"], &data["session_uuid"]),
                (&json!("m"), &json!("s")),
                "{data}"
            );
        }
    }

    #[test]
    fn promotions_and_currency() {
        let event =
            Event::promotion(PromotionActionType::Click, [Promotion::of("p1", "Summer")]).currency("EUR");
        assert_eq!(
            serde_json::to_value(&event).unwrap(),
            json!({
                "event_type": "commerce_event",
                "data": {
                    "currency_code": "EUR",
                    "promotion_action": { "action": "click", "promotions": [{ "id": "p1", "name": "Summer" }] }
                }
            })
        );
        let screen = Event::screen_view("x");
        assert_eq!(screen.clone().currency("EUR"), screen);
    }
}
