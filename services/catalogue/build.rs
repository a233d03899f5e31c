//! Rebuilds the service when a migration or a picture is added.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
    println!("cargo:rerun-if-changed=pictures");
}
