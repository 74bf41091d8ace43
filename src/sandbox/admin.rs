//! The pages that steer the sandbox and tell of its account: what is asked, and what is answered.

use serde::Serialize;
use serde_json::Value;

use super::answer::Answer;
use super::entry::{AccountEntry, AccountTotals};
use super::fault::{Fault, Faults};
use super::ledger::Ledger;

const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: usize = 1000;
/// Bytes that a list of faults may have.
pub(super) const BODY_LIMIT: usize = 1 << 20;

/// `PUT /sandbox/faults`: the seed to begin with, if it is another, and all faults.
pub(super) fn faults_of(body: &[u8]) -> Result<(Option<u64>, Vec<Fault>), Answer> {
    const USAGE: &str = "Send a JSON array of faults, or an object with `faults` and, if need be, `seed`.";
    let refused = |error: serde_json::Error| Answer::refused(400, &format!("{error}. {USAGE}"));
    match serde_json::from_slice(body).map_err(refused)? {
        list @ Value::Array(_) => Ok((None, faults_in(list)?)),
        Value::Object(mut members) => {
            let faults = members.remove("faults").ok_or_else(|| Answer::refused(400, USAGE))?;
            let seed = match members.remove("seed") {
                None | Some(Value::Null) => None,
                Some(seed) => {
                    let number = seed.as_u64();
                    Some(number.ok_or_else(|| {
                        Answer::refused(400, "`seed` is a whole number from 0 to 18446744073709551615.")
                    })?)
                }
            };
            if members.is_empty() { Ok((seed, faults_in(faults)?)) } else { Err(Answer::refused(400, USAGE)) }
        }
        _ => Err(Answer::refused(400, USAGE)),
    }
}

fn faults_in(list: Value) -> Result<Vec<Fault>, Answer> {
    let Value::Array(list) = list else { return Err(Answer::refused(400, "`faults` is a JSON array.")) };
    let faults = list.into_iter().enumerate().map(|(index, fault)| {
        serde_json::from_value(strip(fault))
            .map_err(|error| Answer::refused(400, &format!("Fault {index}: {error}.")))
    });
    faults.collect()
}

/// `POST /sandbox/faults`
pub(super) fn fault_of(body: &[u8]) -> Result<Fault, Answer> {
    let refused = |error: serde_json::Error| Answer::refused(400, &format!("{error}."));
    serde_json::from_slice(body).map(strip).and_then(serde_json::from_value).map_err(refused)
}

/// Without what `GET` adds, so that its answer can be sent back.
fn strip(mut fault: Value) -> Value {
    if let Some(members) = fault.as_object_mut() {
        members.remove("seen");
        members.remove("fired");
    }
    fault
}

/// `GET /sandbox/faults`
pub(super) fn faults(faults: &Faults) -> Answer {
    Answer::json(200, &faults.view())
}

/// What of the account is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum AccountQuery {
    /// All of it, a line for an id.
    Everything,
    /// These ids.
    Ids { ids: Vec<String>, as_lines: bool },
    /// Some after the first `offset` that ever came.
    Page { offset: u64, limit: usize },
}

impl AccountQuery {
    /// Reads `?format=`, `?id=`, `?offset=` and `?limit=`; anything else is refused, so that a typing error is noticed.
    pub fn from_query(query: Option<&str>) -> Result<Self, Answer> {
        const USAGE: &str = "Use ?id=ID (several times, if need be), or ?offset= (0 or more) and ?limit= (0 to 1000), \
                             or ?format=ndjson for everything.";
        let refused = || Answer::refused(400, USAGE);
        let (mut ids, mut as_lines, mut page) = (Vec::new(), false, None);
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            let (offset, limit) = page.unwrap_or((0, DEFAULT_LIMIT));
            match name.as_ref() {
                "id" => ids.push(value.into_owned()),
                "format" => match value.as_ref() {
                    "ndjson" => as_lines = true,
                    "json" => as_lines = false,
                    _ => return Err(refused()),
                },
                "offset" => page = Some((value.parse().map_err(|_| refused())?, limit)),
                "limit" => {
                    let limit = value.parse().ok().filter(|limit| *limit <= MAX_LIMIT).ok_or_else(refused)?;
                    page = Some((offset, limit));
                }
                _ => return Err(refused()),
            }
        }
        match (ids.is_empty(), as_lines, page) {
            (false, as_lines, None) => Ok(Self::Ids { ids, as_lines }),
            (true, true, None) => Ok(Self::Everything),
            (true, false, page) => {
                let (offset, limit) = page.unwrap_or((0, DEFAULT_LIMIT));
                Ok(Self::Page { offset, limit })
            }
            _ => Err(refused()),
        }
    }
}

/// `GET /sandbox/account` with a page of ids.
pub(super) fn account_page(ledger: &Ledger, offset: u64, limit: usize) -> Answer {
    #[derive(Serialize)]
    struct Page {
        totals: AccountTotals,
        max_ids: usize,
        offset: u64,
        /// The offset to go on with.
        next: u64,
        entries: Vec<AccountEntry>,
    }
    let (entries, next) = ledger.page(offset, limit);
    Answer::json(200, &Page { totals: ledger.totals(), max_ids: ledger.limit(), offset, next, entries })
}

/// `GET /sandbox/account?id=…`: an id that never came is not in the answer.
pub(super) fn account_of_ids(ledger: &Ledger, ids: &[String], as_lines: bool) -> Answer {
    let entries: Vec<_> = ids.iter().flat_map(|id| ledger.find(id)).collect();
    if !as_lines {
        return Answer::json(200, &serde_json::json!({ "totals": ledger.totals(), "entries": entries }));
    }
    let lines = entries.iter().filter_map(|entry| serde_json::to_string(entry).ok());
    Answer::lines(lines.map(|line| line + "\n").collect::<String>().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_says_which_part_of_the_account() {
        let query = |text| AccountQuery::from_query(Some(text)).map_err(|answer| answer.status);
        assert_eq!(AccountQuery::from_query(None), Ok(AccountQuery::Page { offset: 0, limit: 100 }));
        assert_eq!(query("limit=5&offset=7"), Ok(AccountQuery::Page { offset: 7, limit: 5 }));
        assert_eq!(query("format=ndjson"), Ok(AccountQuery::Everything));
        let ids = vec!["a b".to_owned(), "é&".to_owned()];
        assert_eq!(query("id=a+b&id=%C3%A9%26"), Ok(AccountQuery::Ids { ids, as_lines: false }));
        for wrong in
            ["limit=1001", "offset=-1", "ids=a", "format=csv", "id=a&limit=1", "format=ndjson&limit=1"]
        {
            assert_eq!(query(wrong), Err(400), "{wrong}");
        }
    }

    #[test]
    fn faults_are_read_in_either_form_and_what_is_wrong_is_named() {
        let texts = |body: &str| -> Result<(Option<u64>, String), String> {
            let (seed, faults) =
                faults_of(body.as_bytes()).map_err(|answer| String::from_utf8(answer.body).unwrap())?;
            Ok((seed, faults.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")))
        };
        assert_eq!(texts(r#"["503", {"kind":"429","limit":"org"}]"#), Ok((None, "503 429:limit=org".into())));
        assert_eq!(texts(r#"{"seed":7,"faults":[]}"#), Ok((Some(7), String::new())));
        let mut faults = Faults::new(3);
        faults.add("503:rate=0.5".parse().unwrap(), 0);
        assert_eq!(texts(&faults.view().to_string()), Ok((Some(3), "503:rate=0.5".into())), "what GET says");
        for (wrong, part) in [
            ("", "EOF"),
            ("7", "JSON array"),
            ("{}", "`faults`"),
            (r#"{"faults":{}}"#, "JSON array"),
            (r#"{"faults":[],"seed":-1}"#, "`seed`"),
            (r#"{"faults":[],"sed":1}"#, "`seed`"),
            (r#"["503","drop"]"#, "Fault 1: there is no fault `drop`"),
        ] {
            let error = texts(wrong).unwrap_err();
            assert!(error.contains(part), "{wrong}: {error}");
        }
        assert!(fault_of(br#"{"kind":"503"}"#).is_ok() && fault_of(b"\"503\"").is_ok());
        assert_eq!(fault_of(b"[]").unwrap_err().status, 400);
    }
}
