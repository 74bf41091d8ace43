//! Short ways to put a batch together.

use super::{
    Batch, BatchContext, ConsentPurpose, ConsentState, DataPlanContext, Environment, Event, IdentityType,
    UserAttributeValue, UserIdentities,
};

impl Batch {
    /// An empty batch. The environment has no default here: a batch without one counts as production data.
    ///
    /// ```
    /// use mparticle_events::types::{Batch, CustomEventType, Environment, Event};
    ///
    /// let batch = Batch::new(Environment::Development)
    ///     .customer_id("c-42")
    ///     .user_attribute("tier", "gold")
    ///     .event(Event::custom("Signed up", CustomEventType::Other));
    /// assert_eq!(
    ///     serde_json::to_string(&batch)?,
    ///     concat!(
    ///         r#"{"environment":"development","events":[{"event_type":"custom_event","#,
    ///         r#""data":{"custom_event_type":"other","event_name":"Signed up"}}],"#,
    ///         r#""user_attributes":{"tier":"gold"},"user_identities":{"customer_id":"c-42"}}"#
    ///     )
    /// );
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn new(environment: Environment) -> Self {
        Self { environment: Some(environment), ..Self::default() }
    }

    /// Adds the id that your own systems know the user by.
    #[must_use]
    pub fn customer_id(self, id: impl Into<String>) -> Self {
        self.identity(IdentityType::CustomerId, id)
    }

    /// Adds the user's e-mail address.
    #[must_use]
    pub fn email(self, address: impl Into<String>) -> Self {
        self.identity(IdentityType::Email, address)
    }

    /// Adds or replaces one identity of the user.
    #[must_use]
    pub fn identity(mut self, kind: IdentityType, value: impl Into<String>) -> Self {
        *self.user_identities.get_or_insert_default().slot(kind) = Some(value.into());
        self
    }

    /// Adds the platform's own id of the user.
    #[must_use]
    pub fn mpid(mut self, mpid: i64) -> Self {
        self.mpid = Some(mpid);
        self
    }

    /// Sets one attribute of the user: text, a number, a boolean, or a list.
    #[must_use]
    pub fn user_attribute(mut self, name: impl Into<String>, value: impl Into<UserAttributeValue>) -> Self {
        self.user_attributes.get_or_insert_default().insert(name.into(), value.into());
        self
    }

    /// Removes one attribute of the user.
    #[must_use]
    pub fn delete_user_attribute(mut self, name: impl Into<String>) -> Self {
        self.deleted_user_attributes.get_or_insert_default().push(name.into());
        self
    }

    /// Adds one event.
    #[must_use]
    pub fn event(mut self, event: impl Into<Event>) -> Self {
        self.events.get_or_insert_default().push(event.into());
        self
    }

    /// Adds several events.
    #[must_use]
    pub fn with_events(mut self, events: impl IntoIterator<Item = Event>) -> Self {
        self.events.get_or_insert_default().extend(events);
        self
    }

    /// Sets the id by which the service drops repeats. Two different batches must never share it; a retry must keep it.
    #[must_use]
    pub fn source_request_id(mut self, id: impl Into<String>) -> Self {
        self.source_request_id = Some(id.into());
        self
    }

    /// Names the data plan that the events follow; without a version the latest one is meant.
    #[must_use]
    pub fn data_plan(mut self, plan_id: impl Into<String>, plan_version: Option<i64>) -> Self {
        let mut plan = DataPlanContext::new(plan_id);
        plan.plan_version = plan_version;
        self.context = Some(BatchContext { data_plan: Some(plan), ..self.context.unwrap_or_default() });
        self
    }

    /// Records a decision under GDPR for one of your own purposes, made at the given Unix milliseconds.
    #[must_use]
    pub fn gdpr_consent(
        mut self,
        purpose: impl Into<String>,
        consented: bool,
        timestamp_unixtime_ms: i64,
    ) -> Self {
        let state: &mut ConsentState = self.consent_state.get_or_insert_default();
        let decision = ConsentPurpose::new(consented, timestamp_unixtime_ms);
        state.gdpr.get_or_insert_default().insert(purpose.into(), decision);
        self
    }

    /// Records whether the user opted out of the sale of data under CCPA, at the given Unix milliseconds.
    #[must_use]
    pub fn ccpa_opt_out(mut self, opted_out: bool, timestamp_unixtime_ms: i64) -> Self {
        let state: &mut ConsentState = self.consent_state.get_or_insert_default();
        let decision = ConsentPurpose::new(opted_out, timestamp_unixtime_ms);
        state.ccpa.get_or_insert_default().data_sale_opt_out = Some(decision);
        self
    }
}

impl UserIdentities {
    /// The member that holds identities of the given kind.
    fn slot(&mut self, kind: IdentityType) -> &mut Option<String> {
        match kind {
            IdentityType::Other => &mut self.other,
            IdentityType::CustomerId => &mut self.customer_id,
            IdentityType::Facebook => &mut self.facebook,
            IdentityType::Twitter => &mut self.twitter,
            IdentityType::Google => &mut self.google,
            IdentityType::Microsoft => &mut self.microsoft,
            IdentityType::Yahoo => &mut self.yahoo,
            IdentityType::Email => &mut self.email,
            IdentityType::Alias => &mut self.alias,
            IdentityType::FacebookCustomAudienceId => &mut self.facebook_custom_audience_id,
            IdentityType::OtherId2 => &mut self.other_id_2,
            IdentityType::OtherId3 => &mut self.other_id_3,
            IdentityType::OtherId4 => &mut self.other_id_4,
            IdentityType::OtherId5 => &mut self.other_id_5,
            IdentityType::OtherId6 => &mut self.other_id_6,
            IdentityType::OtherId7 => &mut self.other_id_7,
            IdentityType::OtherId8 => &mut self.other_id_8,
            IdentityType::OtherId9 => &mut self.other_id_9,
            IdentityType::OtherId10 => &mut self.other_id_10,
            IdentityType::MobileNumber => &mut self.mobile_number,
            IdentityType::PhoneNumber2 => &mut self.phone_number_2,
            IdentityType::PhoneNumber3 => &mut self.phone_number_3,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_kind_of_identity_lands_under_its_own_name() {
        let names = serde_json::to_value(json!([
            "other",
            "customer_id",
            "facebook",
            "twitter",
            "google",
            "microsoft",
            "yahoo",
            "email",
            "alias",
            "facebook_custom_audience_id",
            "other_id_2",
            "other_id_3",
            "other_id_4",
            "other_id_5",
            "other_id_6",
            "other_id_7",
            "other_id_8",
            "other_id_9",
            "other_id_10",
            "mobile_number",
            "phone_number_2",
            "phone_number_3"
        ]))
        .unwrap();
        for name in names.as_array().unwrap() {
            let kind: IdentityType = serde_json::from_value(name.clone()).unwrap();
            let batch = Batch::new(Environment::Production).identity(kind, "x");
            let json = serde_json::to_value(&batch).unwrap();
            assert_eq!(json["user_identities"], json!({ name.as_str().unwrap(): "x" }));
        }
    }

    #[test]
    fn consent_and_plan() {
        let batch = Batch::new(Environment::Production)
            .gdpr_consent("newsletter", true, 5)
            .ccpa_opt_out(false, 6)
            .data_plan("shop", Some(3))
            .delete_user_attribute("tier");
        assert_eq!(
            serde_json::to_value(&batch).unwrap(),
            json!({
                "environment": "production",
                "consent_state": {
                    "gdpr": { "newsletter": { "consented": true, "timestamp_unixtime_ms": 5 } },
                    "ccpa": { "data_sale_opt_out": { "consented": false, "timestamp_unixtime_ms": 6 } }
                },
                "context": { "data_plan": { "plan_id": "shop", "plan_version": 3 } },
                "deleted_user_attributes": ["tier"]
            })
        );
    }
}
