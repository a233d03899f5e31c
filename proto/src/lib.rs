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

/// Orders: messages, client and server of `sockshop.orders.v1`.
pub mod orders {
    tonic::include_proto!("sockshop.orders.v1");
}

/// Whether it was paid.
pub mod payment {
    tonic::include_proto!("sockshop.payment.v1");
}

/// Shipping: messages, client and server of `sockshop.shipping.v1`.
pub mod shipping {
    tonic::include_proto!("sockshop.shipping.v1");
}

/// Users: messages, client and server of `sockshop.user.v1`.
pub mod user {
    tonic::include_proto!("sockshop.user.v1");
}
