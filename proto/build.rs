//! Compiles every contract in `sockshop/`; no `protoc` needed.

use std::path::PathBuf;

const CONTRACTS: [&str; 7] = [
    "sockshop/cart/v1/cart.proto",
    "sockshop/catalogue/v1/catalogue.proto",
    "sockshop/mesh/v1/mesh.proto",
    "sockshop/orders/v1/orders.proto",
    "sockshop/payment/v1/payment.proto",
    "sockshop/shipping/v1/shipping.proto",
    "sockshop/user/v1/user.proto",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=sockshop");
    let files = protox::compile(CONTRACTS, ["."])?;
    let descriptors = PathBuf::from(std::env::var("OUT_DIR")?).join("descriptors.bin");
    std::fs::write(descriptors, prost::Message::encode_to_vec(&files))?;
    tonic_prost_build::configure().compile_fds(files)?;
    Ok(())
}
