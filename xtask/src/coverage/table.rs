//! The tables of the disagreement list, read from Markdown.

/// One row: what it is about, what the published document says, what to believe, what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// `API` for section 1, `Event type` for section 4, else the schema's name.
    pub section: String,
    /// First column.
    pub name: String,
    /// What the published document says.
    pub published: String,
    /// What to believe.
    pub believed: String,
    /// The correction in words; starts with `none` when there is to be none.
    pub overlay: String,
}

/// The rows of sections 1, 4 and 5, in their order.
#[must_use]
pub fn rows(text: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut section = None;
    let mut header: Option<Vec<String>> = None;
    for line in text.lines() {
        if let Some(title) = line.strip_prefix("### ") {
            (section, header) = (Some(title.trim().to_owned()), None);
        } else if let Some(title) = line.strip_prefix("## ") {
            let of_its_own = [("1. ", API), ("4. ", EVENT_TYPE)];
            let name = of_its_own.iter().find(|(number, _)| title.starts_with(number));
            (section, header) = (name.map(|(_, name)| (*name).to_owned()), None);
        } else if let (Some(section), Some(cells)) = (&section, cells(line)) {
            match &header {
                None => header = Some(cells),
                Some(header) => rows.extend(row(section, header, &cells)),
            }
        }
    }
    rows
}

/// The section of rows that belong to no schema.
pub const API: &str = "API";
/// The section of kinds of event.
pub const EVENT_TYPE: &str = "Event type";

fn row(section: &str, header: &[String], cells: &[String]) -> Option<Row> {
    let cell = |title: &str| {
        let index = header.iter().position(|other| other == title)?;
        cells.get(index).cloned()
    };
    let name = cells.first()?.clone();
    if name.starts_with("---") {
        return None;
    }
    Some(Row {
        section: section.to_owned(),
        name,
        published: cell("OpenAPI").or_else(|| cell("OAS EventType / class"))?,
        believed: cell("believe")?,
        // Kinds of event have no such column: what to believe says what to do.
        overlay: cell("overlay").unwrap_or_default(),
    })
}

/// The cells of `| a | b \| c |`.
fn cells(line: &str) -> Option<Vec<String>> {
    let inner = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    let mut cells = vec![String::new()];
    let mut escaped = false;
    for character in inner.chars() {
        match (escaped, character) {
            (false, '|') => cells.push(String::new()),
            (false, '\\') => {
                escaped = true;
                continue;
            }
            (true, other) if other != '|' => push(&mut cells, &['\\', other]),
            (_, other) => push(&mut cells, &[other]),
        }
        escaped = false;
    }
    Some(cells.into_iter().map(|cell| cell.trim().to_owned()).collect())
}

fn push(cells: &mut [String], characters: &[char]) {
    if let Some(cell) = cells.last_mut() {
        cell.extend(characters);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r"
## 1. API level
| location | OpenAPI | docs | others | believe | overlay |
|---|---|---|---|---|---|
| servers | one | four | | five | replace |
## 2. Defects
| not | a | table of rows |
## 4. Event types
| event_type | OAS EventType / class | believe |
|---|---|---|
| first_run | y/- | send |
## 5. Every property
### Batch
| property | OpenAPI | believe | why | overlay |
|---|---|---|---|---|
| ip | string | string\|null | a \d b | nullable |
";

    #[test]
    fn rows_of_all_sections_are_found_and_pipes_unescaped() {
        let rows = rows(TEXT);
        let short: Vec<_> = rows.iter().map(|row| (row.section.as_str(), row.name.as_str())).collect();
        assert_eq!(short, [("API", "servers"), ("Event type", "first_run"), ("Batch", "ip")]);
        assert_eq!(rows[2].believed, "string|null");
        assert_eq!(rows[0].overlay, "replace");
    }
}
