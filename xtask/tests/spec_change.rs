//! Upstream changes its document: the outline, the diff and the stale-correction report do their work.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod common;

use common::{changed, generate, published, schema};
use serde_json::{Value, json};
use xtask::compare;
use xtask::diff::{self, Bump, Class};
use xtask::outline;

/// The lines of the outline that differ, with the line that names the type before them.
fn outline_diff(document: &Value) -> String {
    let (before, after) = (generate(&published()).corrected, generate(document).corrected);
    let (before, after) = (outline::outline(&before).unwrap(), outline::outline(&after).unwrap());
    let diff = similar::TextDiff::from_lines(&before, &after);
    let mut out = String::new();
    let mut owner = String::new();
    for change in diff.iter_all_changes() {
        let line = change.value();
        if change.tag() == similar::ChangeTag::Equal {
            if !line.starts_with(' ') && !line.trim().is_empty() {
                owner = format!("  {line}");
            }
        } else if !line.trim().is_empty() {
            out.push_str(&std::mem::take(&mut owner));
            out.push_str(&format!("{} {line}", change.tag()));
        }
    }
    out
}

/// The stale actions; their numbers, which change with every action before them, are left out.
fn stale(document: &Value) -> String {
    let number = |text: &str| text.chars().all(|it| it.is_ascii_digit());
    let output = generate(document);
    let lines = output.stale.iter().map(ToString::to_string).map(|line| {
        line.split(' ').map(|word| if number(word) { "…" } else { word }).collect::<Vec<_>>().join(" ")
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_new_field_is_additive() {
    let document = changed(|it| {
        schema(it, "Product")["properties"]["gift_message"] = json!({"type": "string"});
    });
    insta::assert_snapshot!(outline_diff(&document), @r"
      struct Product
    +   gift_message: string nullable
    ");
    insta::assert_snapshot!(diff::between(&published(), &document), @r"
    schema Product
      additive  gift_message: property added: string
    1 change: 0 breaking, 1 additive, 0 text only; suggested version bump: minor
    ");
    assert!(generate(&document).types.contains("pub gift_message: ::std::option::Option<"));
}

#[test]
fn a_removed_enum_value_is_breaking() {
    let document = changed(|it| {
        let values = schema(it, "IdentityType")["enum"].as_array_mut().unwrap();
        values.retain(|value| value != "yahoo");
    });
    insta::assert_snapshot!(outline_diff(&document), @r"
      struct GeoLocation closed
    - enum IdentityType = other | customer_id | facebook | twitter | google | microsoft | yahoo | email | alias | facebook_custom_audience_id | other_id_2 | other_id_3 | other_id_4 | other_id_5 | other_id_6 | other_id_7 | other_id_8 | other_id_9 | other_id_10 | mobile_number | phone_number_2 | phone_number_3
    + enum IdentityType = other | customer_id | facebook | twitter | google | microsoft | email | alias | facebook_custom_audience_id | other_id_2 | other_id_3 | other_id_4 | other_id_5 | other_id_6 | other_id_7 | other_id_8 | other_id_9 | other_id_10 | mobile_number | phone_number_2 | phone_number_3
    ");
    let report = diff::between(&published(), &document);
    insta::assert_snapshot!(report, @r"
    schema IdentityType
      breaking  enum value removed: yahoo
    1 change: 1 breaking, 0 additive, 0 text only; suggested version bump: major
    ");
    assert_eq!(report.bump(), Bump::Major);
}

#[test]
fn a_renamed_schema_is_told_as_renamed() {
    let text = published().to_string();
    let document: Value = serde_json::from_str(
        &text.replace("\"Promotion\"", "\"Offer\"").replace("schemas/Promotion\"", "schemas/Offer\""),
    )
    .unwrap();
    insta::assert_snapshot!(diff::between(&published(), &document), @r"
    schema Offer
      breaking  schema renamed from Promotion
    1 change: 1 breaking, 0 additive, 0 text only; suggested version bump: major
    ");
    // The corrections still name the old schema; that must not go unnoticed.
    let output = generate(&document);
    let stale: Vec<String> = output.stale.iter().map(ToString::to_string).collect();
    assert!(stale.iter().any(|it| it.contains("Promotion") && it.ends_with("matches nothing")), "{stale:#?}");
    assert!(output.types.contains("pub struct Offer") && !output.types.contains("pub struct Promotion "));
}

#[test]
fn what_upstream_removes_goes_although_it_is_described() {
    let document = changed(|it| {
        schema(it, "Product")["properties"].as_object_mut().unwrap().remove("variant");
        schema(it, "Product")["required"].as_array_mut().unwrap().retain(|name| name != "variant");
    });
    insta::assert_snapshot!(stale(&document), @"descriptions.overlay.yaml: action … on `/components/schemas/Product/properties/variant` describes what is not there");
    insta::assert_snapshot!(outline_diff(&document), @r"
      struct Product
    -   variant: string nullable
    ");
}

#[test]
fn what_upstream_repairs_is_a_stale_correction_by_name() {
    let document = changed(|it| {
        it["components"]["securitySchemes"] = json!({"basic": {"type": "http", "scheme": "basic"}});
        schema(it, "OptOutEventData")["allOf"][1]["properties"]["is_opted_out"]["nullable"] = json!(true);
    });
    insta::assert_snapshot!(stale(&document), @r"
    corrections.overlay.yaml: action … on `$.components` changes nothing
    corrections.overlay.yaml: action … on `$.components.schemas.OptOutEventData.allOf[1].properties.is_opted_out` changes nothing
    ");
    assert_eq!(outline_diff(&document), "", "the corrected document is the same as before");
    insta::assert_snapshot!(diff::between(&published(), &document), @r"
    document
      additive  components securitySchemes basic added
    schema OptOutEventData
      breaking  is_opted_out: nullable added: true
    2 changes: 1 breaking, 1 additive, 0 text only; suggested version bump: major
    ");
}

#[test]
fn a_new_description_is_text_only_and_a_property_of_that_name_is_not() {
    let document = changed(|it| {
        schema(it, "Batch")["description"] = json!("New words.");
        it["info"]["version"] = json!("1.0.1");
    });
    let report = diff::between(&published(), &document);
    insta::assert_snapshot!(report, @r"
    document
      text only info version changed
    schema Batch
      text only description added
    2 changes: 0 breaking, 0 additive, 2 text only; suggested version bump: patch
    ");
    assert_eq!(report.bump(), Bump::Patch);

    let document = changed(|it| {
        schema(it, "Batch")["properties"]["description"] = json!({"type": "string"});
    });
    assert_eq!(diff::between(&published(), &document).bump(), Bump::Minor);
}

#[test]
fn every_sort_of_change_has_its_class() {
    let document = changed(|it| {
        it["paths"]["/bulkevents/delete"] = it["paths"]["/events"].clone();
        it["servers"] = json!([{"url": "https://example.com"}]);
        it["paths"]["/events"]["post"]["operationId"] = json!("sendEvents");
        it["paths"]["/bulkevents"]["post"]["requestBody"]["required"] = json!(true);
        let device = &mut schema(it, "DeviceInformation")["properties"];
        device["brand"]["type"] = json!("integer");
        device["product"]["nullable"] = json!(true);
        device["device"]["maxLength"] = json!(10);
        device["platform"]["enum"].as_array_mut().unwrap().push(json!("toaster"));
        let batch = schema(it, "Batch");
        batch["required"] = json!(["environment", "mpid", "trace"]);
        batch["properties"]["trace"] = json!({"type": "string"});
        batch["properties"]["events"]["items"] = json!({"$ref": "#/components/schemas/CustomEvent"});
        batch["properties"]["user_attributes"]["additionalProperties"] = json!({"type": "string"});
        batch["properties"]["user_identities"]["properties"]["phone"] = json!({"type": "string"});
        batch["additionalProperties"] = json!(true);
        schema(it, "Product")["required"].as_array_mut().unwrap().retain(|name| name != "brand");
        schema(it, "Product")["properties"].as_object_mut().unwrap().remove("variant");
        schema(it, "Product")["required"].as_array_mut().unwrap().retain(|name| name != "variant");
        schema(it, "ProductAction")["properties"]["coupon_code"]["nullable"] = json!(true);
        it["components"]["schemas"].as_object_mut().unwrap().remove("BreadcrumbEvent");
    });
    let report = diff::between(&published(), &document);
    insta::assert_snapshot!(report, @r"
    /bulkevents/delete
      additive  path added
    POST /bulkevents
      breaking  requestBody required added: true
    POST /events
      breaking  operationId changed: uploadEvents → sendEvents
    document
      additive  servers https://example.com added
      breaking  servers https://s2s.mparticle.com/v2 removed
    schema Batch
      additive  additionalProperties changed: nothing → any
      breaking  events[]: $ref changed: BaseEvent → CustomEvent
      breaking  mpid: now required
      breaking  trace: property added: string, required
      breaking  user_attributes{}: type changed: object → string
      additive  user_identities.phone: property added: string
    schema BreadcrumbEvent
      breaking  schema removed: object
    schema DeviceInformation
      breaking  brand: type changed: string → integer
      breaking  device: maxLength added: 10
      additive  platform: enum value added: toaster
      additive  product: nullable added: true
    schema Product
      breaking  brand: no longer required
      breaking  variant: property removed: string, required
    schema ProductAction
      breaking  coupon_code: nullable added: true
    19 changes: 13 breaking, 6 additive, 0 text only; suggested version bump: major
    ");
    assert_eq!(report, diff::between(&published(), &document), "the same documents give the same report");
    let back = diff::between(&document, &published());
    assert_eq!(back.changes.len(), report.changes.len(), "every change has its reverse");
    assert!(back.count(Class::Breaking) > 0);
}

#[test]
fn equal_documents_have_no_changes() {
    let report = diff::between(&published(), &published());
    assert_eq!((report.bump(), report.to_string().as_str()), (Bump::None, "no changes\n"));
}

/// Whatever is taken out of the document, wherever it stands: what the structure sees, the diff tells.
#[test]
fn nothing_structural_goes_unreported() {
    let document = published();
    let whole = compare::structure(&document);
    let mut pointers = Vec::new();
    collect(&document, String::new(), &mut pointers);
    let mut structural = 0;
    // A prime step reaches every depth and keeps the test short.
    for pointer in pointers.iter().step_by(7) {
        let mut less = document.clone();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        match less.pointer_mut(parent).unwrap() {
            Value::Object(map) => drop(map.remove(&key.replace("~1", "/"))),
            Value::Array(items) => drop(items.remove(key.parse().unwrap())),
            other => panic!("{other} has no members"),
        }
        let is_structural = compare::structure(&less) != whole;
        structural += usize::from(is_structural);
        for report in [diff::between(&document, &less), diff::between(&less, &document)] {
            assert!(!is_structural || !report.changes.is_empty(), "{pointer} is not reported");
        }
    }
    assert!(structural > 100, "only {structural} places were tried");
}

fn collect(node: &Value, pointer: String, pointers: &mut Vec<String>) {
    let children: Vec<(String, &Value)> = match node {
        Value::Object(map) => map.iter().map(|(key, child)| (key.replace('/', "~1"), child)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(at, child)| (at.to_string(), child)).collect(),
        _ => return,
    };
    for (key, child) in children {
        let pointer = format!("{pointer}/{key}");
        collect(child, pointer.clone(), pointers);
        pointers.push(pointer);
    }
}
