//! The compat checks of the contract's page "catalogue".

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use serde_json::{Value, json};
use support::api::Api;

const NERD_LEG: &str = "/catalogue/a0a4f044-b040-410d-8ead-4de0446aec7e";

fn catalogue() -> Api {
    Api::of("catalogue")
}

async fn json_of(path: &str) -> Value {
    catalogue().get(path).await.expect(200).json()
}

/// The ids of a list, or their beginnings.
async fn ids(path: &str) -> Vec<String> {
    let list = json_of(path).await;
    let socks = list.as_array().unwrap().iter();
    let ids = socks.map(|sock| sock["id"].as_str().unwrap().to_owned());
    ids.collect()
}

fn names(list: &Value) -> Vec<&str> {
    let socks = list.as_array().unwrap().iter();
    socks.map(|sock| sock["name"].as_str().unwrap()).collect()
}

fn sorted(list: &Value) -> Vec<&str> {
    let mut words: Vec<&str> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|word| word.as_str().unwrap())
        .collect();
    words.sort_unstable();
    words
}

#[tokio::test]
async fn check_01_the_list_has_ten_products_by_id_with_exactly_the_seven_keys() {
    let answer = catalogue().get("/catalogue").await.expect(200);
    assert_eq!(answer.media_type(), "application/json; charset=utf-8");
    assert!(answer.text().ends_with('\n'));
    let list = answer.json();
    let socks = list.as_array().unwrap();
    assert_eq!(socks.len(), 10);
    for sock in socks {
        let mut keys: Vec<&String> = sock.as_object().unwrap().keys().collect();
        keys.sort();
        let expected = [
            "count",
            "description",
            "id",
            "imageUrl",
            "name",
            "price",
            "tag",
        ];
        assert_eq!(keys, expected);
        assert_eq!(sock["imageUrl"].as_array().unwrap().len(), 2, "{sock}");
        let words = sock["description"].as_str().unwrap();
        assert!((1..=200).contains(&words.chars().count()), "{sock}");
        assert!(
            sock["price"].is_number() && sock["count"].is_u64(),
            "{sock}"
        );
        assert!(!sock["tag"].as_array().unwrap().is_empty(), "{sock}");
    }
    assert_eq!(socks[0]["id"], "03fef6ac-1896-4ce8-bd69-b798f85c6e0b");
    assert!(ids("/catalogue").await.is_sorted());
}

#[tokio::test]
async fn check_02_the_second_page_of_three_holds_the_fourth_to_sixth() {
    let page = ids("/catalogue?size=3&page=2").await;
    let page: Vec<&str> = page.iter().map(|id| &id[..8]).collect();
    assert_eq!(page, ["6d62d909", "808a2de1", "819e1fbf"]);
}

#[tokio::test]
async fn check_03_a_page_that_makes_no_sense_is_empty_and_not_a_dropped_connection() {
    for query in [
        "page=99",
        "page=0",
        "size=abc",
        "page=-1",
        "size=-1",
        "size=0",
        "page=99999999999999999999",
        "page=9223372036854775807&size=9223372036854775807",
    ] {
        let list = json_of(&format!("/catalogue?{query}")).await;
        assert_eq!(list, json!([]), "{query}");
    }
}

#[tokio::test]
async fn check_04_the_size_counts_products_not_rows() {
    for (query, size) in [
        ("", 10),
        ("?tags=brown,geek,formal", 8),
        ("?tags=nosuch", 0),
    ] {
        let answer = json_of(&format!("/catalogue/size{query}")).await;
        assert_eq!(answer, json!({"size": size, "err": null}), "{query}");
    }
}

#[tokio::test]
async fn check_05_any_of_the_tags_is_enough() {
    let magic = json_of("/catalogue?tags=magic").await;
    assert_eq!(names(&magic), ["Holy"]);
    assert_eq!(magic[0]["tag"], json!(["magic"]));
    let both = json_of("/catalogue?tags=magic,sport").await;
    assert_eq!(names(&both), ["Holy", "SuperSport XL"]);
}

#[tokio::test]
async fn check_06_a_tag_nobody_has_gives_null() {
    for tag in ["nosuch", "large", "short", "toes", "smelly"] {
        let list = json_of(&format!("/catalogue?tags={tag}")).await;
        assert_eq!(list, Value::Null, "{tag}");
    }
}

#[tokio::test]
async fn check_07_a_product_is_found_by_id_with_all_its_tags() {
    let sock = json_of(NERD_LEG).await;
    assert_eq!(sock["name"], "Nerd leg");
    assert_eq!(sock["price"], json!(7.99));
    assert_eq!(sock["count"], 115);
    assert_eq!(sorted(&sock["tag"]), ["blue", "skin"]);
    assert_eq!(
        json_of(&NERD_LEG.replace('a', "A").replace("cAtAlogue", "catalogue")).await,
        sock
    );
}

#[tokio::test]
async fn check_08_misses_do_not_break_what_is_there() {
    let catalogue = catalogue();
    for _ in 0..10 {
        let miss = catalogue.get("/catalogue/unknown").await.expect(404);
        miss.assert_go_error();
        catalogue.get(NERD_LEG).await.expect(200);
    }
}

#[tokio::test]
async fn check_09_there_are_eleven_tags_in_their_order() {
    let tags = json_of("/tags").await;
    let expected = [
        "brown", "geek", "formal", "blue", "skin", "red", "action", "sport", "black", "magic",
        "green",
    ];
    assert_eq!(tags, json!({"tags": expected, "err": null}));
}

#[tokio::test]
async fn check_10_every_picture_is_a_jpeg() {
    let catalogue = catalogue();
    let list = json_of("/catalogue").await;
    let socks = list.as_array().unwrap().iter();
    let pictures: Vec<&Value> = socks
        .flat_map(|sock| sock["imageUrl"].as_array().unwrap())
        .collect();
    assert_eq!(pictures.len(), 20);
    for path in pictures {
        // The original's own test asked with a doubled slash.
        let path = format!("/{}", path.as_str().unwrap());
        let picture = catalogue.get(&path).await.expect(200);
        assert_eq!(picture.media_type(), "image/jpeg", "{path}");
        assert!(picture.body.starts_with(b"\xff\xd8\xff"), "{path}");
        let length = picture.header("content-length");
        assert_eq!(length, picture.body.len().to_string(), "{path}");
    }
    catalogue.get("/catalogue/images/").await.expect(404);
    catalogue
        .get("/catalogue/images/none.jpeg")
        .await
        .expect(404);
}

#[tokio::test]
async fn check_11_nothing_can_be_posted() {
    let catalogue = catalogue();
    for path in ["/catalogue", NERD_LEG, "/tags", "/catalogue/"] {
        let answer = catalogue.post(path, &json!({"name": "Mine"})).await;
        assert_eq!(answer.expect(404).text(), "404 page not found\n", "{path}");
    }
    assert_eq!(ids("/catalogue").await.len(), 10);
}

#[tokio::test]
async fn check_12_the_health_names_the_service_and_its_database() {
    for path in ["/health", "/healthz"] {
        let answer = catalogue().get(path).await;
        answer.assert_healthy(&["catalogue", "catalogue-db"], "time");
    }
}
