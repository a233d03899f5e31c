//! The drawings: one parametric sock, ten ways to knit it.
//!
//! A picture is a [`plate`] that places one or two [`sock`]s; a sock is a
//! [`figure`] (its shape and the bent grid of its stitches) wearing a
//! [`pattern`] and perhaps a [`prop`]. What is on offer stands in [`range`].

mod cat;
mod curve;
mod figure;
mod ink;
mod jpeg;
mod knit;
mod last;
mod leg;
mod motif;
mod pattern;
mod plate;
mod prop;
mod range;
mod signs;
mod sock;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use range::Picture;

/// A drawn file: where it belongs in the work tree, and its bytes.
struct File {
    path: PathBuf,
    bytes: Vec<u8>,
}

/// Draws every picture and writes those that changed.
pub(crate) fn run() -> anyhow::Result<()> {
    for file in drawings().into_iter().chain(renders()?) {
        if fs::read(&file.path).is_ok_and(|old| old == file.bytes) {
            continue;
        }
        let shown = file.path.display();
        fs::write(&file.path, &file.bytes).with_context(|| format!("cannot write {shown}"))?;
        println!("drew {shown} ({} bytes)", file.bytes.len());
    }
    Ok(())
}

/// Returns the SVG sources: a page for every picture, and the signs of the front-end.
fn drawings() -> Vec<File> {
    let source = |picture| {
        let (name, svg) = page(picture);
        file(&format!("services/catalogue/pictures/{name}.svg"), svg)
    };
    let mut files: Vec<File> = range::pictures().map(source).collect();
    files.push(file("frontend/static/mark.svg", signs::mark()));
    files.push(file("frontend/static/empty.svg", signs::empty()));
    files
}

/// Returns the JPEGs the catalogue serves.
fn renders() -> anyhow::Result<Vec<File>> {
    let render = |picture: Picture| {
        let jpeg = jpeg::render(&page(picture).1)
            .with_context(|| format!("cannot render {}", picture.name))?;
        Ok(file(
            &format!("services/catalogue/pictures/{}", picture.name),
            jpeg,
        ))
    };
    range::pictures().map(render).collect()
}

/// Draws a picture; returns its name without the extension, and the SVG.
fn page(Picture { sock, name, pose }: Picture) -> (&'static str, String) {
    let stem = name.split_once('.').map_or(name, |(stem, _)| stem);
    (stem, plate::draw(sock, pose, stem))
}

fn file(path: &str, bytes: impl Into<Vec<u8>>) -> File {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("");
    File {
        path: root.join(path),
        bytes: bytes.into(),
    }
}

#[cfg(test)]
mod tests;
