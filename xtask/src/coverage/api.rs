//! The rows that belong to no property: what each of them asks of the corrected document.

use serde_json::Value;

/// Has the row been answered? `None` for a row that no check is written for.
#[must_use]
pub fn is_answered(row: &str, corrected: &Value, limited: &Value) -> Option<bool> {
    let has = |pointer: &str| corrected.pointer(pointer).is_some();
    Some(match row {
        "servers" => corrected.get("servers").and_then(Value::as_array).is_some_and(|hosts| hosts.len() > 1),
        "path /bulkevents/historical" => has("/paths/~1bulkevents~1historical/post"),
        "components.securitySchemes" => has("/components/securitySchemes/basic"),
        "requestBody.required" => {
            each_operation(corrected, |it| it.pointer("/requestBody/required") == Some(&Value::Bool(true)))
        }
        "BulkBatch" => {
            let bound = |keyword: &str| limited.pointer(&format!("/components/schemas/BulkBatch/{keyword}"));
            bound("minItems") == Some(&1.into()) && bound("maxItems") == Some(&100.into())
        }
        "202" => accepted_has_errors(corrected),
        "429" => each_operation(corrected, |it| it.pointer("/responses/429/headers/Retry-After").is_some()),
        "503/5xx" => each_operation(corrected, |it| it.pointer("/responses/5XX").is_some()),
        _ => return None,
    })
}

/// Can the answer 202 carry errors and say how much of the rate is used?
#[must_use]
pub fn accepted_has_errors(corrected: &Value) -> bool {
    each_operation(corrected, |it| {
        it.pointer("/responses/202/content/application~1json/schema/$ref")
            == Some(&"#/components/schemas/ApiErrorResponse".into())
            && it.pointer("/responses/202/headers/X-mp-rate-limit-percentage-used").is_some()
    })
}

/// Is the kind of event a branch of the union that a batch's list of events has?
#[must_use]
pub fn can_be_sent(event_type: &str, corrected: &Value) -> bool {
    let branches = corrected.pointer("/components/schemas/Event/oneOf").and_then(Value::as_array);
    branches
        .into_iter()
        .flatten()
        .any(|branch| branch.pointer("/properties/event_type/enum/0") == Some(&event_type.into()))
}

fn each_operation(document: &Value, holds: impl Fn(&Value) -> bool) -> bool {
    let paths = document.get("paths").and_then(Value::as_object);
    let mut posts = paths.into_iter().flatten().filter_map(|(_, path)| path.get("post")).peekable();
    posts.peek().is_some() && posts.all(holds)
}
