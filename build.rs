//! Generates types, client methods, the validator schema, the tables of the accept path and the limits from `openapi/` into `OUT_DIR`.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

#[path = "openapi/pipeline.rs"]
mod pipeline;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new("openapi");
    for name in [pipeline::SPEC, pipeline::CORRECTIONS, pipeline::DESCRIPTIONS, pipeline::LIMITS] {
        println!("cargo::rerun-if-changed={}", folder.join(name).display());
    }
    for name in pipeline::CODE {
        println!("cargo::rerun-if-changed={}", folder.join(name).display());
    }
    println!("cargo::rerun-if-changed=build.rs");

    let output = pipeline::run(&pipeline::Sources::read(folder)?)?;
    for stale in &output.stale {
        println!("cargo::warning=stale: {stale}; run `cargo xtask refresh --check`");
    }
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("types.rs"), output.types)?;
    fs::write(out.join("client.rs"), output.client)?;
    fs::write(out.join("accept.rs"), output.accept)?;
    fs::write(out.join("limits.rs"), output.limits)?;
    fs::write(out.join("validator.schema.json"), serde_json::to_string(&output.validator_schema)?)?;
    Ok(())
}
