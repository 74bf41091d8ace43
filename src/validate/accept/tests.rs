//! Tests over the tables, and over examples whose verdict is known.

use super::scanner::Scanner;
use super::table::{Node, ROOT, Shape};
use super::{Settings, Verdict, accept};
use crate::validate::rule::{Check, Example};
use crate::validate::{Limits, Route, rules};

fn verdict(batch: &str, route: Route, limits: &Limits) -> Verdict {
    accept(batch.as_bytes(), Settings { route, limits, now_ms: Example::NOW_MS })
}

#[test]
fn examples_that_fire_are_never_clean_and_silent_ones_nearly_always() {
    let mut unsure = Vec::new();
    for rule in rules::ALL.iter().filter(|rule| !rule.fires.is_body) {
        let across = matches!(rule.check, Check::Across(_) | Check::Request(_));
        for batch in rule.fires.batches.iter().filter(|_| !across) {
            assert_eq!(
                verdict(batch, rule.fires.route, &rule.fires.to_limits()),
                Verdict::Unsure,
                "{}",
                rule.code
            );
        }
        for batch in rule.silent.batches {
            if verdict(batch, rule.silent.route, &rule.silent.to_limits()) == Verdict::Unsure {
                unsure.push(rule.code);
            }
        }
    }
    // What an attribution event needs is left to the rule.
    assert_eq!(unsure, ["MP308"]);
}

/// Every member of every object is found under its own name, whatever follows it in the document.
#[test]
fn the_tables_find_every_member() {
    fn visit(node: &'static Node, count: &mut usize) {
        match node.shape {
            Shape::Object(object) => {
                for (name, member) in object.names() {
                    for document in [format!("\"{name}\""), format!("\"{name}\":\"something more\"")] {
                        let mut scan = Scanner::new(&document);
                        let raw = scan.string().unwrap();
                        let (first, last) = scan.ends_of(raw).unwrap();
                        let (_, found) = object.find(raw, first, last).unwrap();
                        assert!(std::ptr::eq(found, member), "{name}");
                    }
                    *count += 1;
                    visit(member.node, count);
                }
            }
            Shape::Map(node) | Shape::List(node) => visit(node, count),
            Shape::Union(union) => union.cases.iter().for_each(|(_, node)| visit(node, count)),
            Shape::None => {}
        }
    }
    let mut count = 0;
    visit(ROOT, &mut count);
    assert!(count > 500, "only {count} members: something in the schema is no longer understood");
}

#[test]
fn names_to_delete_are_compared_with_those_that_are_set() {
    let batch = |deleted: &str| {
        format!(
            r#"{{"environment":"production","mpid":1,"deleted_user_attributes":{deleted},
            "user_attributes" : {{ "a":1, "b":["x","}}"],"c":null, "d":"\",\"e\":"}},"events":[]}}"#
        )
    };
    let limits = Limits::default();
    for apart in ["[]", "null", r#"["x","e","}"]"#] {
        assert_eq!(verdict(&batch(apart), Route::Either, &limits), Verdict::Clean, "{apart}");
    }
    for shared in [r#"["a"]"#, r#"["x","d"]"#, r#"["c"]"#, r#"["\u0061"]"#] {
        assert_eq!(verdict(&batch(shared), Route::Either, &limits), Verdict::Unsure, "{shared}");
    }
}

#[test]
fn the_type_of_an_event_may_stand_behind_its_data() {
    let batch = |event: &str| format!(r#"{{"environment":"production","mpid":1,"events":[{event}]}}"#);
    let limits = Limits::default();
    let crash = |breadcrumb: &str| {
        let known = r#""severity":"error","message":"m","exception_handled":false"#;
        format!(r#"{{"data":{{"breadcrumbs":[{breadcrumb}],{known}}},"event_type":"crash_report"}}"#)
    };
    let nested = crash(r#"{"event_type":"breadcrumb","data":{"label":"x"}}"#);
    assert_eq!(verdict(&batch(&nested), Route::Either, &limits), Verdict::Clean);
    // A breadcrumb that is written the same way is taken for the event: it is left to the rules.
    let twice = crash(r#"{"data":{"label":"x"},"event_type":"breadcrumb"}"#);
    assert_eq!(verdict(&batch(&twice), Route::Either, &limits), Verdict::Unsure);
    for good in [
        r#"{"data":{"screen_name":"a}\"]"},"event_type":"screen_view"}"#,
        r#" { "data" : { "screen_name" : "a" } , "event_type" : "screen_view" } "#,
        r#"{"event_type":"screen_view","data":{"screen_name":"a"}}"#,
    ] {
        assert_eq!(verdict(&batch(good), Route::Either, &limits), Verdict::Clean, "{good}");
    }
    for bad in [
        r#"{"data":{"screen_name":"a"},"event_type":"custom_event"}"#,
        r#"{"data":{"screen_name":"a"},"event_type":"screen_view","data":{}}"#,
        r#"{"data":{"screen_name":"a"}]},"event_type":"screen_view"}"#,
        r#"{"data":[],"event_type":"session_start"}"#,
        r#"{"data":{"screen_name":"a"}}"#,
        // The first tag that follows belongs to the content, and is not that of the event.
        r#"{"data":{"screen_name":"a","event_type":"screen_view"}}"#,
        r#"{"data":{"custom_attributes":{"x":"},","event_type":"screen_view"}},"event_type":"custom_event"}"#,
    ] {
        assert_eq!(verdict(&batch(bad), Route::Either, &limits), Verdict::Unsure, "{bad}");
    }
}
