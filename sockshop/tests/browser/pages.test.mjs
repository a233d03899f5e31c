// Every page, in light and dark, from phone to wide: axe finds nothing, nothing overflows, and a picture is kept.

import { strict as assert } from "node:assert";
import { test } from "node:test";
import { keepPicture, openShop, violations, visitor } from "./shop.mjs";
import { signIn } from "./journeys.mjs";

const HOLY = "03fef6ac-1896-4ce8-bd69-b798f85c6e0b";

let order;
const shop = openShop(async (shop) => {
  const page = await visitor(shop);
  await signIn(page);
  await page.request.post("/cart", { data: { id: HOLY } });
  order = (await (await page.request.post("/orders")).json()).id;
  await page.leave();
});

const guests = {
  home: "/", socks: "/socks", filtered: "/socks?tags=blue&sort=price", nothing: "/socks?q=nothing%20like%20it", sock: `/socks/${HOLY}`,
  "empty-basket": "/basket", checkout: "/checkout", "sign-in": "/sign-in", register: "/register", about: "/about", missing: "/no-such-page",
};
const customers = { basket: "/basket", checkout: "/checkout", account: "/account", orders: "/account/orders" };


for (const colorScheme of ["light", "dark"]) {
  for (const [who, pages] of [["guest", guests], ["customer", customers]]) {
    test(`axe finds nothing on any page of a ${who}, ${colorScheme}`, async () => {
      const page = await visitor(shop, { colorScheme, viewport: { width: 1280, height: 900 } });
      if (who === "customer") await signIn(page);
      const all = who === "customer" ? { ...pages, order: `/account/orders/${order}` } : pages;
      for (const [name, path] of Object.entries(all)) {
        await page.goto(path);
        assert.deepEqual(await violations(page), [], `${path}, ${colorScheme}`);
        await keepPicture(page, `${who}-${name}-${colorScheme}`);
      }
      await page.leave();
    });

    test(`no page of a ${who} is wider than a phone, ${colorScheme}`, async () => {
      const page = await visitor(shop, { colorScheme, viewport: { width: 320, height: 640 } });
      if (who === "customer") await signIn(page);
      const all = who === "customer" ? { ...pages, order: `/account/orders/${order}` } : pages;
      for (const [name, path] of Object.entries(all)) {
        await page.goto(path);
        const width = await page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(width <= 320, `${path} is ${width} px wide`);
        assert.deepEqual(await violations(page), [], `${path}, ${colorScheme}, phone`);
        await keepPicture(page, `phone-${who}-${name}-${colorScheme}`);
      }
      await page.leave();
    });
  }
}

test("forms that were refused pass axe, too", async () => {
  const page = await visitor(shop);
  for (const [path, button] of [["/sign-in", "Sign in"], ["/register", "Open account"]]) {
    await page.goto(path);
    await page.getByRole("main").getByRole("button", { name: button }).click();
    await page.getByRole("alert").waitFor();
    assert.deepEqual(await violations(page), [], path);
  }
  await page.leave();
});

test("the theme can be chosen with and without JavaScript, and stays", async () => {
  for (const javaScriptEnabled of [true, false]) {
    const page = await visitor(shop, { javaScriptEnabled, colorScheme: "light" });
    await page.goto("/");
    await page.getByRole("button", { name: "Dark" }).click();
    await page.locator("html[data-theme=dark]").waitFor();
    await page.goto("/socks");
    await page.locator("html[data-theme=dark]").waitFor();
    await page.leave();
  }
});

test("the original's page paths show the same pages", async () => {
  const page = await visitor(shop);
  for (const [path, heading] of [
    ["/index.html", /We take socks/], ["/category.html?tags=blue", /Socks/], [`/detail.html?id=${HOLY}`, /Holy/], ["/basket.html", /Your basket/],
  ]) {
    await page.goto(path);
    await page.getByRole("heading", { level: 1, name: heading }).waitFor();
  }
  await page.leave();
});
