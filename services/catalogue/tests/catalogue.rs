//! Integration tests of the catalogue over REST and gRPC. Numbers refer to the
//! compat checks of contract/catalogue.md.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use catalogue::Store;
use chassis::testing::{call, database_url, described, get, send};
use proto::catalogue::catalogue_client::CatalogueClient;
use proto::catalogue::{
    GetProductRequest, GetProductsRequest, ListProductsRequest, ListTagsRequest, Order,
};
use serde_json::{Value, json};
use tonic::Code;

const HOLY: &str = "03fef6ac-1896-4ce8-bd69-b798f85c6e0b";
const NERD: &str = "a0a4f044-b040-410d-8ead-4de0446aec7e";

async fn app() -> Router {
    described(catalogue::app(
        Store::open(&database_url().await).await.unwrap(),
    ))
    .await
}

async fn ids(app: &Router, query: &str) -> Vec<String> {
    let (status, socks) = get(app, &format!("/catalogue?{query}")).await;
    assert_eq!(status, StatusCode::OK);
    let socks = socks.as_array().unwrap();
    socks
        .iter()
        .map(|sock| sock["id"].as_str().unwrap()[..8].to_owned())
        .collect()
}

#[tokio::test]
async fn check_1_the_list_has_ten_socks_by_id_with_seven_keys() {
    let app = app().await;
    let answer = call(&app, "GET", "/catalogue", Value::Null).await;
    assert_eq!(
        answer.header("content-type"),
        "application/json; charset=utf-8"
    );
    assert!(answer.text().ends_with("]\n"));
    let socks = answer.json();
    let socks = socks.as_array().unwrap();
    assert_eq!(socks.len(), 10);
    assert!(
        socks
            .windows(2)
            .all(|pair| pair[0]["id"].as_str() < pair[1]["id"].as_str())
    );
    for sock in socks {
        let keys: Vec<_> = sock.as_object().unwrap().keys().collect();
        assert_eq!(
            keys,
            [
                "count",
                "description",
                "id",
                "imageUrl",
                "name",
                "price",
                "tag"
            ]
        );
        assert_eq!(sock["imageUrl"].as_array().unwrap().len(), 2);
        assert!(sock["description"].as_str().unwrap().chars().count() <= 200);
    }
}

#[tokio::test]
async fn checks_2_and_3_pages_that_make_no_sense_are_empty() {
    let app = app().await;
    assert_eq!(
        ids(&app, "size=3&page=2").await,
        ["6d62d909", "808a2de1", "819e1fbf"]
    );
    for query in [
        "page=99",
        "page=0",
        "size=0",
        "size=abc",
        "page=-1",
        "size=99999999999999999999",
    ] {
        assert_eq!(ids(&app, query).await, Vec::<String>::new(), "{query}");
    }
}

#[tokio::test]
async fn check_4_sizes_count_products() {
    let app = app().await;
    for (query, size) in [
        ("", 10),
        ("?tags=brown,geek,formal", 8),
        ("?tags=nosuch", 0),
    ] {
        let (_, answer) = get(&app, &format!("/catalogue/size{query}")).await;
        assert_eq!(answer, json!({"size": size, "err": null}));
    }
}

#[tokio::test]
async fn checks_5_and_6_tags_filter_in_any_letter_case_and_show_what_matched() {
    let app = app().await;
    let (_, socks) = get(&app, "/catalogue?tags=MAGIC").await;
    assert_eq!(
        (&socks[0]["name"], &socks[0]["tag"]),
        (&json!("Holy"), &json!(["magic"]))
    );
    assert_eq!(ids(&app, "tags=magic,sport").await.len(), 2);
    assert_eq!(
        get(&app, "/catalogue?tags=nosuch").await,
        (StatusCode::OK, Value::Null)
    );
    assert_eq!(ids(&app, "tags=magic&tags=brown").await.len(), 1);
}

#[tokio::test]
async fn lists_are_sorted_as_asked() {
    let app = app().await;
    assert_eq!(ids(&app, "sort=price&size=1").await, [&NERD[..8]]);
    assert_eq!(ids(&app, "sort=COUNT&size=1").await, [&HOLY[..8]]);
    assert_eq!(ids(&app, "sort=nonsense&size=1").await, [&HOLY[..8]]);
}

#[tokio::test]
async fn checks_7_and_8_one_sock_and_any_number_of_misses() {
    let app = app().await;
    for _ in 0..10 {
        let (status, error) = get(&app, "/catalogue/unknown").await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert_eq!(
            error,
            json!({"error": "product not found", "status_code": 404, "status_text": "Not Found"})
        );
    }
    let (_, sock) = get(&app, &format!("/catalogue/{}", NERD.to_uppercase())).await;
    assert_eq!(
        (&sock["price"], &sock["count"], &sock["tag"]),
        (&json!(7.99), &json!(115), &json!(["blue", "skin"]))
    );
}

#[tokio::test]
async fn check_9_tags_come_in_the_shops_order() {
    let (_, tags) = get(&app().await, "/tags").await;
    let expected = [
        "brown", "geek", "formal", "blue", "skin", "red", "action", "sport", "black", "magic",
        "green",
    ];
    assert_eq!(tags, json!({"tags": expected, "err": null}));
}

#[tokio::test]
async fn check_10_every_picture_is_a_jpeg() {
    let app = app().await;
    let (_, socks) = get(&app, "/catalogue").await;
    for url in socks
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|sock| sock["imageUrl"].as_array().unwrap())
    {
        let answer = call(&app, "GET", url.as_str().unwrap(), Value::Null).await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (StatusCode::OK, "image/jpeg")
        );
        assert!(
            answer.body.starts_with(&[0xff, 0xd8, 0xff])
                && !answer.header("last-modified").is_empty()
        );
    }
}

#[tokio::test]
async fn pictures_come_in_parts_and_only_once() {
    let app = app().await;
    let get_part = |name: &'static str, value: String| {
        let request = Request::get("/catalogue/images/holy_1.jpeg").header(name, value);
        send(&app, request.body(Body::empty()).unwrap())
    };
    let part = get_part("range", "bytes=0-2".into()).await;
    assert_eq!(
        (part.status, &part.body[..]),
        (StatusCode::PARTIAL_CONTENT, &[0xff, 0xd8, 0xff][..])
    );
    let again = get_part("if-none-match", part.header("etag").to_owned()).await;
    assert_eq!(
        (again.status, again.body.len()),
        (StatusCode::NOT_MODIFIED, 0)
    );
    for path in [
        "/catalogue/images/",
        "/catalogue/images/nosuch.jpeg",
        "/catalogue/",
    ] {
        let answer = call(&app, "GET", path, Value::Null).await;
        assert_eq!(
            (answer.status, &*answer.text()),
            (StatusCode::NOT_FOUND, "404 page not found\n"),
            "{path}"
        );
    }
    let doubled = call(&app, "GET", "//catalogue/images/holy_1.jpeg", Value::Null).await;
    assert_eq!(
        (doubled.status, doubled.header("location")),
        (
            StatusCode::MOVED_PERMANENTLY,
            "/catalogue/images/holy_1.jpeg"
        )
    );
}

#[tokio::test]
async fn checks_11_and_12_only_get_is_routed_and_health_names_the_database() {
    let app = app().await;
    assert_eq!(
        call(&app, "POST", "/catalogue", json!({})).await.status,
        StatusCode::NOT_FOUND
    );
    let (status, health) = get(&app, "/health").await;
    assert_eq!(status, StatusCode::OK);
    for (entry, service) in [(0, "catalogue"), (1, "catalogue-db")] {
        let entry = &health["health"][entry];
        assert_eq!(
            (&entry["service"], &entry["status"]),
            (&json!(service), &json!("OK"))
        );
        assert!(entry["time"].as_str().unwrap().ends_with("+0000 UTC"));
    }
}

#[tokio::test]
async fn both_faces_tell_the_same_facts() {
    let app = app().await;
    let mut client = CatalogueClient::new(app.clone());
    let (_, socks) = get(&app, "/catalogue?sort=name&size=100").await;
    let request = ListProductsRequest {
        order: Order::Name.into(),
        size: 100,
        ..Default::default()
    };
    let list = client.list_products(request).await.unwrap().into_inner();
    assert_eq!(list.total, 10);
    for (sock, product) in socks.as_array().unwrap().iter().zip(&list.products) {
        let cents = (sock["price"].as_f64().unwrap() * 100.0).round();
        assert_eq!(format!("{cents}"), product.price_cents.to_string());
        assert_eq!(
            (
                &sock["id"],
                &sock["name"],
                &sock["description"],
                &sock["count"],
                &sock["tag"],
                &sock["imageUrl"]
            ),
            (
                &json!(product.id),
                &json!(product.name),
                &json!(product.description),
                &json!(product.stock),
                &json!(product.tags),
                &json!(product.image_urls)
            )
        );
    }
    let tags = client
        .list_tags(ListTagsRequest {})
        .await
        .unwrap()
        .into_inner()
        .tags;
    let (_, names) = get(&app, "/tags").await;
    assert_eq!(
        names["tags"],
        json!(tags.iter().map(|tag| &tag.name).collect::<Vec<_>>())
    );
    assert_eq!(tags[0].products, 3);
}

#[tokio::test]
async fn grpc_finds_by_words_and_says_what_is_wrong() {
    let mut client = CatalogueClient::new(app().await);
    let request = ListProductsRequest {
        search: "cat BROWN".into(),
        ..Default::default()
    };
    let found = client.list_products(request).await.unwrap().into_inner();
    assert_eq!((found.total, &*found.products[0].name), (1, "Cat socks"));
    let ids = vec![NERD.into(), "missing".into(), HOLY.into()];
    let some = client
        .get_products(GetProductsRequest { ids })
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        some.products
            .iter()
            .map(|product| &*product.id)
            .collect::<Vec<_>>(),
        [NERD, HOLY]
    );
    let missing = client
        .get_product(GetProductRequest {
            id: "missing".into(),
        })
        .await
        .unwrap_err();
    assert_eq!(
        (missing.code(), missing.message()),
        (Code::NotFound, "product not found")
    );
    let too_much = client
        .list_products(ListProductsRequest {
            size: 101,
            ..Default::default()
        })
        .await
        .unwrap_err();
    assert_eq!(
        (too_much.code(), too_much.message()),
        (Code::InvalidArgument, "size: at most 100")
    );
}

#[tokio::test]
async fn the_description_lists_every_path() {
    let (_, api) = get(&app().await, "/openapi.json").await;
    let paths: Vec<_> = api["paths"].as_object().unwrap().keys().collect();
    assert_eq!(
        paths,
        [
            "/catalogue",
            "/catalogue/images/{file}",
            "/catalogue/size",
            "/catalogue/{id}",
            "/tags"
        ]
    );
}
