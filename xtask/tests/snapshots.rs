//! Snapshots of what comes out of the pipeline. Accept changes with `cargo xtask snapshots`.
//!
//! `outline` is the one to read; the others are there so that no change of the generated output goes unseen.

use xtask::pipeline::{self, Sources};
use xtask::{openapi_folder, outline};

#[test]
fn generated_output() {
    let output = pipeline::run(&Sources::read(&openapi_folder()).unwrap()).unwrap();
    let schema = format!("{:#}\n", xtask::compare::sorted(&output.validator_schema));
    let outline = outline::outline(&output.corrected).unwrap();
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for (name, text) in [
            ("outline", &outline),
            ("accept.rs", &output.accept),
            ("limits.rs", &output.limits),
            ("client.rs", &output.client),
            ("validator.schema.json", &schema),
            ("types.rs", &output.types),
        ] {
            insta::assert_snapshot!(name, text);
        }
    });
}
