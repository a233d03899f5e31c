//! Makes cargo notice new migrations, and embeds the assets: each with a tag
//! made from its content, and compressed as tightly as can be.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write as _;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=migrations");
    println!("cargo:rerun-if-changed=static");
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    let mut files = fs::read_dir("static")?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>, std::io::Error>>()?;
    files.sort();
    let mut table = format!("static ALL: [Asset; {}] = [\n", files.len());
    for file in files {
        embed(&file, &out, &mut table)?;
    }
    table.push_str("];\n");
    fs::write(out.join("assets.rs"), table)?;
    Ok(())
}

/// Writes the three forms of one asset into `out`, and its row into `table`.
fn embed(file: &Path, out: &Path, table: &mut String) -> Result<(), Box<dyn Error>> {
    let bytes = fs::read(file)?;
    let name = file.file_name().and_then(|name| name.to_str());
    let name = name.ok_or("an asset's name is not text")?;
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    let tag = format!("{:016x}", hasher.finish());

    let place = |suffix| out.join(format!("{name}{suffix}"));
    let text = |suffix| place(suffix).display().to_string();
    fs::write(place(""), &bytes)?;
    fs::write(place(".gz"), gzip(&bytes)?)?;
    fs::write(place(".br"), brotli(&bytes)?)?;
    writeln!(
        table,
        "Asset {{ name: {name:?}, tag: {tag:?}, plain: include_bytes!({:?}), gzip: include_bytes!({:?}), brotli: include_bytes!({:?}) }},",
        text(""),
        text(".gz"),
        text(".br"),
    )?;
    Ok(())
}

fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    writer.write_all(bytes)?;
    writer.finish()
}

fn brotli(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut compressed = Vec::new();
    let settings = brotli::enc::BrotliEncoderParams {
        quality: 11,
        ..Default::default()
    };
    brotli::BrotliCompress(&mut &bytes[..], &mut compressed, &settings)?;
    Ok(compressed)
}
