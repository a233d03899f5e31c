//! The contracts between services, generated from `sockshop/**/*.proto`.

/// Every contract as an encoded `FileDescriptorSet`, for the reflection service.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

/// What a visitor means to buy.
pub mod cart {
    tonic::include_proto!("sockshop.cart.v1");
}

/// What the shop sells.
pub mod catalogue {
    tonic::include_proto!("sockshop.catalogue.v1");
}

/// Who is there, and how requests are shared.
pub mod mesh {
    tonic::include_proto!("sockshop.mesh.v1");
}

/// Who bought what.
pub mod orders {
    tonic::include_proto!("sockshop.orders.v1");
}

/// Whether it was paid.
pub mod payment {
    tonic::include_proto!("sockshop.payment.v1");
}

/// Where it is.
pub mod shipping {
    tonic::include_proto!("sockshop.shipping.v1");
}

/// Who buys.
pub mod user {
    tonic::include_proto!("sockshop.user.v1");
}
