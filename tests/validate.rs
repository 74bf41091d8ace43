//! The validator as a user sees it.

use std::sync::Arc;

use mparticle_events::Endpoint;
use mparticle_events::clock::FixedClock;
use mparticle_events::types::Batch;
use mparticle_events::validate::{Finding, Limits, Report, Route, Severity, Validator};
use proptest::prelude::*;

const NOW_MS: i64 = 1_768_435_200_000;

fn validator() -> Validator {
    Validator::builder().clock(Arc::new(FixedClock(NOW_MS))).build()
}

fn check(text: &str) -> Report {
    validator().check_bytes(text.as_bytes())
}

/// Code and pointer of what the document and shape rules found.
fn shape(report: &Report) -> Vec<(&str, &str)> {
    let findings = report.findings().iter().filter(|finding| finding.code < "MP2");
    findings.map(|finding| (finding.code, finding.pointer.as_str())).collect()
}

const CLEAN: &str = r#"{"environment":"production","mpid":-7346244611012968789,"ip":"2001:db8::1","schema_version":2,
 "user_identities":{"customer_id":"c-1","email":null},"user_attributes":{"plan":"free","tags":["a","b"],"vip":null},
 "device_info":{"platform":"iOS","ios_idfv":"613ae726-f1d8-4eb4-9c4a-5d1e2f3a4b5c"},
 "events":[
  {"event_type":"custom_event","data":{"event_name":"Paid","custom_event_type":"transaction","timestamp_unixtime_ms":1768435100000}},
  {"event_type":"screen_view","data":{"screen_name":"Home","custom_attributes":{"n":1,"b":true,"t":"x"}}}]}"#;

#[test]
fn a_good_batch_is_clean() {
    let report = check(CLEAN);
    assert!(report.is_clean(), "{report}");
}

#[test]
fn nulls_for_unset_members_are_fine() {
    let report = check(
        r#"{"environment":"production","mpid":1,"batch_id":null,"source_info":null,"device_info":null,"api_key":null,
        "no_such_member":null,"events":[{"event_type":"session_start","data":{"event_id":null,"location":null}}]}"#,
    );
    assert_eq!(shape(&report), []);
}

#[test]
fn one_fault_is_one_finding() {
    let cases: &[(&str, &str, &str)] = &[
        (r#""environment":5"#, "MP112", "/environment"),
        (r#""environment":["a"]"#, "MP103", "/environment"),
        (r#""environment":"""#, "MP112", "/environment"),
        (r#""device_info":{"platform":""}"#, "MP107", "/device_info/platform"),
        (r#""device_info":{"platform":"ios"}"#, "MP113", "/device_info/platform"),
        (r#""device_info":{"ios_idfv":7}"#, "MP114", "/device_info/ios_idfv"),
        (r#""device_info":{"is_tablet":"TRUE"}"#, "MP104", "/device_info/is_tablet"),
        (r#""device_info":{"is_tablet":"yes"}"#, "MP103", "/device_info/is_tablet"),
        (r#""device_info":{"is_tablet":1}"#, "MP106", "/device_info/is_tablet"),
        (r#""device_info":[]"#, "MP103", "/device_info"),
        (r#""device_info":"""#, "MP107", "/device_info"),
        (r#""mpid":"99999999999999999999""#, "MP123", "/mpid"),
        (r#""mpid":99999999999999999999"#, "MP123", "/mpid"),
        (r#""mpid":9223372036854775808"#, "MP123", "/mpid"),
        (r#""mpid":1.5"#, "MP106", "/mpid"),
        (r#""mpid":"seven""#, "MP103", "/mpid"),
        (r#""ip":7"#, "MP116", "/ip"),
        (r#""ip":"""#, "MP107", "/ip"),
        (r#""user_identities":[]"#, "MP120", "/user_identities"),
        (r#""user_identities":{"Email":"a"}"#, "MP111", "/user_identities/Email"),
        (r#""user_identities":{"other2":"a"}"#, "MP111", "/user_identities/other2"),
        (r#""batch_context":{}"#, "MP111", "/batch_context"),
        (r#""source_info":{"channel":"nowhere","other":1}"#, "MP119", "/source_info"),
        (r#""batch_id":{"a":1}"#, "MP103", "/batch_id"),
        (r#""api_secret":"s""#, "MP122", "/api_secret"),
        (r#""consent_state":{"gdpr":{"ads":null}}"#, "MP109", "/consent_state/gdpr/ads"),
        (r#""deleted_user_attributes":[7]"#, "MP105", "/deleted_user_attributes/0"),
        (r#""events":[null]"#, "MP109", "/events/0"),
        (r#""events":["x"]"#, "MP103", "/events/0"),
        (r#""events":[{"event_type":"session_start"}]"#, "MP101", "/events/0"),
        (r#""events":[{"data":{}}]"#, "MP101", "/events/0"),
        (r#""events":[{"event_type":null,"data":{}}]"#, "MP108", "/events/0/event_type"),
        (r#""events":[{"event_type":"session_start","data":null}]"#, "MP108", "/events/0/data"),
        (r#""events":[{"event_type":"session_start","data":[]}]"#, "MP103", "/events/0/data"),
        (r#""events":[{"event_type":"PUSH_REACTION","data":{}}]"#, "MP118", "/events/0/event_type"),
        (
            r#""events":[{"event_type":"screen_view","data":{"screen_name":"x","custom_flags":{"a":["b"]}}}]"#,
            "MP124",
            "/events/0/data/custom_flags/a",
        ),
        (r#""events":[{"event_type":"screen_view","data":{}}]"#, "MP102", "/events/0/data"),
    ];
    for (member, code, pointer) in cases {
        let report = check(&format!("{{{member}}}"));
        assert_eq!(shape(&report), [(*code, *pointer)], "{member}");
    }
}

#[test]
fn an_event_type_in_capitals_still_has_its_data_checked() {
    let report = check(r#"{"events":[{"event_type":"PUSH_REGISTRATION","data":{"register":[]}}]}"#);
    assert_eq!(
        shape(&report),
        [
            ("MP113", "/events/0/event_type"),
            ("MP101", "/events/0/data"),
            ("MP103", "/events/0/data/register")
        ]
    );
}

#[test]
fn an_event_member_outside_of_data_is_pointed_inside() {
    let report = check(r#"{"events":[{"event_type":"session_start","custom_attributes":{},"data":{}}]}"#);
    let finding = report.findings().iter().find(|finding| finding.code == "MP110").unwrap();
    assert_eq!(finding.help.as_deref(), Some("move `custom_attributes` into `data`"));
}

#[test]
fn document_faults_have_their_place() {
    let cases: &[(&[u8], &str, usize, usize)] = &[
        (b"", "MP004", 1, 1),
        (b" \n ", "MP004", 1, 1),
        (b"{\"mpid\":1,\n \"events\":[1,]}", "MP001", 2, 14),
        (b"{\"mpid\":1,\n \"ev", "MP001", 2, 5),
        (b"{\"a\":\n\"\xFF\"}", "MP002", 2, 2),
        ("{\"a\":\"ä\"} x".as_bytes(), "MP007", 1, 11),
        (b"[]", "MP006", 1, 1),
        (b"7", "MP006", 1, 1),
        (b"{\"a\":1e999}", "MP001", 1, 10),
    ];
    for (bytes, code, line, column) in cases {
        let report = validator().check_bytes(bytes);
        let found: Vec<_> = report
            .findings()
            .iter()
            .map(|finding| (finding.code, finding.location.map(|at| (at.line, at.column))))
            .collect();
        let text = String::from_utf8_lossy(bytes);
        match report.findings() {
            [finding] if *code == "MP004" => assert_eq!(finding.code, *code, "{text}"),
            _ => assert_eq!(found, [(*code, Some((*line, *column)))], "{text}"),
        }
    }
}

#[test]
fn a_bulk_array_where_one_batch_belongs_is_told_apart() {
    let report = check(r#"[{"environment":"production"}]"#);
    assert!(report.findings()[0].help.as_deref().unwrap().contains("bulk"), "{report}");
}

#[test]
fn a_byte_order_mark_stands_in_the_first_column() {
    let report = check(&format!("\u{feff}{CLEAN}"));
    let [mark] = report.findings() else { panic!("{report:?}") };
    assert_eq!((mark.code, mark.location.map(|at| (at.line, at.column))), ("MP003", Some((1, 1))));
}

#[test]
fn a_list_of_batches_within_an_object_is_told_where_it_belongs() {
    let report = check(&format!(r#"{{"environment":"production","mpid":1,"batches":[{CLEAN}]}}"#));
    let [unknown] = report.findings() else { panic!("{report:?}") };
    assert_eq!((unknown.code, unknown.pointer.as_str()), ("MP110", "/batches"));
    assert!(unknown.help.as_ref().is_some_and(|help| help.contains("nothing is around")));
}

#[test]
fn a_key_that_is_repeated_often_is_one_finding() {
    let report = check(r#"{"environment":"production","mpid":1,"mpid":2,"ip":null,"mpid":3,"events":[]}"#);
    assert_eq!(shape(&report), [("MP005", "/mpid")]);
    assert_eq!(report.findings()[0].location.unwrap().column, 57, "at the one that was kept");
}

#[test]
fn deep_nesting_is_a_finding_and_no_crash() {
    for depth in [120, 127, 128, 129, 10_000, 1_000_000] {
        let text = format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        let deep = check(&text).findings().iter().any(|finding| finding.code == "MP008");
        assert_eq!(deep, depth >= 127, "{depth}");
    }
}

#[test]
fn findings_are_in_the_order_of_the_document() {
    let report = check(
        r#"{"zzz":1,"events":[{"event_type":"x","data":{}}],"mpid":"1","user_identities":{"b":1,"a":1},"aaa":1}"#,
    );
    let offsets: Vec<_> = report.findings().iter().filter_map(|finding| finding.location).collect();
    assert!(offsets.len() >= 6 && offsets.is_sorted(), "{report}");
}

#[test]
fn values_are_masked_unless_asked_for() {
    let text = r#"{"mpid":"private","user_attributes":{"plan":{"deep":"private"}}}"#;
    let shown =
        |report: &Report| report.findings().iter().any(|finding| format!("{finding:?}").contains("private"));
    assert!(!shown(&check(text)));
    let open = Validator::builder().show_values(true).build();
    assert!(shown(&open.check_bytes(text.as_bytes())));
    assert!(!shown(
        &open.check_bytes(br#"{"api_key":"private","api_keys":"private","api_secret":["private"]}"#)
    ));
}

#[test]
fn severities_can_be_changed() {
    let text = br#"{"environment":"production","mpid":"1","batch_id":4,"events":[]}"#;
    let severity = |validator: &Validator, code: &str| {
        let report = validator.check_bytes(text);
        report.findings().iter().find(|finding| finding.code == code).map(|finding| finding.severity)
    };
    let usual = validator();
    assert_eq!(severity(&usual, "MP104"), Some(Severity::Warning));
    let strict =
        Validator::builder().strict(true).severity("mp119", Some(Severity::Warning)).unwrap().build();
    assert_eq!(severity(&strict, "MP104"), Some(Severity::Error));
    assert_eq!(severity(&strict, "MP119"), Some(Severity::Warning), "what was set by name stays");
    let without = Validator::builder().severity("number-as-text", None).unwrap().build();
    assert_eq!(severity(&without, "MP104"), None);
    let unknown = Validator::builder().severity("numbr-as-text", None).unwrap_err();
    assert_eq!(unknown.to_string(), "there is no rule `numbr-as-text`; did you mean `number-as-text`?");
}

#[test]
fn a_single_batch_is_a_request_with_a_limit_as_well() {
    let mut limits = Limits::default();
    limits.batch_bytes = 1_000_000;
    limits.batch_bytes_hard = 1_000_000;
    let raised = Validator::builder().limits(limits).build();
    let codes = |validator: &Validator, bytes: usize| -> Vec<&str> {
        let batch = CLEAN.to_owned() + &" ".repeat(bytes - CLEAN.len());
        let report = validator.check_request(batch.as_bytes(), Endpoint::Events);
        let codes = report.findings().iter().map(|finding| finding.code);
        codes.filter(|code| matches!(*code, "MP201" | "MP508" | "MP509")).collect()
    };
    assert!(codes(&raised, 256_000).is_empty());
    assert_eq!(codes(&raised, 256_001), ["MP509"]);
    assert_eq!(codes(&raised, 262_145), ["MP508"]);
    // With the limits as they are, the batch is what is too large.
    assert_eq!(codes(&Validator::new(), 262_145), ["MP201"]);
}

/// What rules across batches remember at most.
const REMEMBERED: usize = 500_000;

#[test]
fn a_rule_across_batches_that_forgets_says_so() {
    let batch = |id: usize| format!(r#"{{"environment":"production","mpid":1,"source_request_id":"{id}"}}"#);
    let mut across = validator().across();
    for id in 0..REMEMBERED {
        assert!(across.check_bytes(batch(id).as_bytes()).is_clean());
    }
    assert_eq!(across.overflowed().count(), 0);
    assert_eq!(across.check_bytes(batch(0).as_bytes()).findings()[0].severity, Severity::Error);

    // One more: the first is forgotten, which is said once.
    let report = across.check_bytes(batch(REMEMBERED).as_bytes());
    let [told] = report.findings() else { panic!("{report:?}") };
    assert_eq!((told.code, told.severity), ("MP501", Severity::Warning));
    assert!(told.message.contains("too many ids to remember"), "{}", told.message);
    assert!(across.check_bytes(batch(REMEMBERED + 1).as_bytes()).is_clean());
    assert_eq!(across.overflowed().map(|rule| rule.code).collect::<Vec<_>>(), ["MP501"]);

    // Repetitions of what is near are still found, those of what was forgotten no longer.
    assert_eq!(across.check_bytes(batch(REMEMBERED).as_bytes()).findings()[0].severity, Severity::Error);
    assert!(across.check_bytes(batch(0).as_bytes()).is_clean());
}

#[test]
fn a_validator_is_shared_between_threads() {
    let validator = Validator::builder().route(Route::Live).limits(Limits::default()).build();
    let clone = validator.clone();
    let there = std::thread::spawn(move || clone.check_bytes(CLEAN.as_bytes())).join().unwrap();
    assert_eq!(there, validator.check_bytes(CLEAN.as_bytes()));
}

#[test]
fn typed_batches_get_the_findings_of_their_bytes() {
    let texts = [
        CLEAN,
        r#"{"environment":"production","events":[]}"#,
        r#"{"environment":"development","mpid":1,"batch_id":7,"api_key":"k","events":[{"event_type":"session_start","data":{"event_id":4}}]}"#,
        r#"{"environment":"production","ip":"nowhere","events":[{"event_type":"commerce_event","data":{"event_name":"x"}}]}"#,
    ];
    let brief = |findings: &[Finding]| -> Vec<(String, String, String)> {
        let all = findings.iter().map(|f| (f.code.to_owned(), f.pointer.clone(), f.message.clone()));
        let mut all: Vec<_> = all.collect();
        all.sort();
        all
    };
    for text in texts {
        let batch: Batch = serde_json::from_str(text).unwrap();
        let typed = validator().check(&batch);
        assert_eq!(brief(typed.findings()), brief(check(text).findings()), "{text}");
        assert!(typed.findings().iter().all(|finding| finding.location.is_none()));
    }
}

#[test]
fn a_price_that_is_no_number_is_a_finding() {
    let text = r#"{"environment":"production","mpid":1,"events":[{"event_type":"commerce_event","data":{"product_action":
        {"action":"purchase","total_amount":1.5}}}]}"#;
    let mut batch: Batch = serde_json::from_str(text).unwrap();
    let events = batch.events.as_mut().unwrap();
    let mparticle_events::types::Event::CommerceEvent(data) = &mut events[0] else { unreachable!() };
    data.product_action.as_mut().unwrap().total_amount = Some(f64::NAN.into());
    let report = validator().check(&batch);
    assert_eq!(shape(&report), [("MP001", "")]);
    assert!(report.has_errors());
}

proptest! {
    #[test]
    fn any_bytes_get_a_report(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let report = validator().check_bytes(&bytes);
        prop_assert!(report.has_errors());
    }

    #[test]
    fn a_batch_with_bytes_changed_gets_a_report(
        changes in proptest::collection::vec((0_usize..CLEAN.len(), any::<u8>()), 1..6),
        cut in 0_usize..CLEAN.len(),
    ) {
        let mut bytes = CLEAN.as_bytes().to_vec();
        for (at, byte) in changes {
            bytes[at] = byte;
        }
        let whole = validator().check_bytes(&bytes);
        prop_assert_eq!(&whole, &validator().check_bytes(&bytes), "the same bytes, the same report");
        for finding in whole.findings() {
            prop_assert!(finding.location.is_none_or(|at| at.offset <= bytes.len()));
        }
        prop_assert!(validator().check_bytes(&bytes[..cut]).has_errors());
    }

    #[test]
    fn any_value_anywhere_gets_a_report(path in 0_usize..8, value in value()) {
        let text = [
            format!("{{\"events\":[{{\"event_type\":\"custom_event\",\"data\":{value}}}]}}"),
            format!("{{\"events\":[{value}]}}"),
            format!("{{\"events\":{value}}}"),
            format!("{{\"user_identities\":{value}}}"),
            format!("{{\"consent_state\":{{\"gdpr\":{value}}}}}"),
            format!("{{\"events\":[{{\"event_type\":\"commerce_event\",\"data\":{{\"product_action\":{value}}}}}]}}"),
            format!("{{\"user_attributes\":{value}}}"),
            value.to_string(),
        ];
        let report = check(&text[path]);
        for finding in report.findings() {
            prop_assert!(finding.location.is_some(), "{finding:?} of {}", text[path]);
        }
    }
}

/// JSON values with the members of batches among their keys.
fn value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        "[a-z~/\\PC]{0,8}".prop_map(Into::into),
    ];
    let key = prop_oneof![
        Just("action".to_owned()),
        Just("event_type".to_owned()),
        Just("data".to_owned()),
        Just("customerid".to_owned()),
        Just("custom_attributes".to_owned()),
        Just("event_id".to_owned()),
        "[a-z~/\\PC]{0,4}",
    ];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            proptest::collection::btree_map(key.clone(), inner, 0..4)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}
