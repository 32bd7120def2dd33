import assert from "node:assert/strict";
import { call, project, run, settled, until } from "../support/scenario.mjs";
import { postgres } from "../support/databases.mjs";
import { wordpress } from "../support/wordpress.mjs";

const world = {};
let blog, app, own, address;

const template = new URL("wordpress", import.meta.url).pathname;
const row = (slug) => app.rows(`select * from articles where slug = '${slug}'`)[0] ?? null;
const arrives = (what, check, seconds = 40) => until(what, check, seconds).catch(async (error) => {
  const status = await own.status();
  throw new Error(`${error.message}\n${JSON.stringify([Object.values(status.mappings)[0], status.connections?.blog, await own.dead(), await own.operations(Object.keys(status.mappings)[0])]).slice(0, 6000)}`);
});
const sweep = async (mapping = "articles") => {
  const done = await own.cli("sync", mapping, "--all", "--sweep");
  assert.equal(done.code, 0, done.out + done.err + JSON.stringify(await own.dead()) + (await own.cli("conflicts")).out);
};
/// The times of all posts and the versions of all rows: what a write would move.
const traces = async () => [await blog.php("global $wpdb; return $wpdb->get_col(\"select concat(ID, ' ', post_modified_gmt) from $wpdb->posts where post_type = 'post' order by ID\");"),
  app.sql("select string_agg(xmin::text, ',' order by id) from articles"), app.sql("select string_agg(xmin::text, ',' order by id) from categories")];

const cases = {
  async "(a blog and an application)"() {
    blog = wordpress();
    app = postgres(`create table categories (id uuid primary key default gen_random_uuid(), name text, slug text unique, description text, updated_at timestamptz default now());
      create table articles (id uuid primary key default gen_random_uuid(), title text, slug text unique, body text, state text default 'draft', categories uuid[] default '{}',
        price numeric(10,2), sku text, published timestamptz, updated_at timestamptz default now());
      insert into categories (name, slug, description) values ('Tools & Söhne', 'tools', 'from the app');
      insert into articles (title, slug, body, state, categories, price) select 'From the app', 'from-the-app', E'one\r\ntwo  ', 'live', array[id], 12.50 from categories`);
    await blog.php("wp_insert_term('News', 'category', ['slug' => 'news']); return wp_insert_post(['post_title' => 'From the <b>blog</b> & more ✓🙂', 'post_name' => 'from-the-blog', 'post_content' => \"<p>raw \\\\\\\\ text</p>\\r\\n\\r\\nend  \", 'post_status' => 'publish', 'post_category' => [get_term_by('slug', 'news', 'category')->term_id]]);");
    own = world.project = project(template, { BLOG_URL: blog.url, BLOG_PASSWORD: blog.password, BLOG_HOOK: "practice hook", APP_URL: app.url });
  },

  async "meta that is not registered is said before anything is lost, and `install` registers it"() {
    const before = await own.cli("sync", "articles");
    assert.notEqual(before.code, 0);
    assert.match(before.out + before.err, /meta key 'price' of post is not registered/);
    const shown = await own.cli("install", "wordpress", "articles");
    assert.match(shown.out, /mu-plugins\/tidewire\.php/);
    assert.match(shown.out, /"price":"number"/);
    const refused = await own.cli("install", "wordpress", "articles", "--yes");
    assert.match(refused.out + refused.err, /the plugin is not on the site yet/);
    const made = await own.cli("install", "wordpress", "articles", "--yes", "--folder", blog.plugins);
    assert.equal(made.code, 0, made.out + made.err);
    assert.match((await own.cli("install", "wordpress", "articles")).out, /nothing to do/);
    for (const kind of ["articles", "categories"]) assert.equal((await own.cli("install", "postgres", kind, "--yes")).code, 0);
  },

  async "what the user may not do is said by check, and a wrong password is"() {
    assert.equal((await own.cli("check", "--connect")).code, 0);
    const writer = await blog.php("$id = wp_insert_user(['user_login' => 'writer', 'user_pass' => 'x', 'role' => 'author', 'user_email' => 'w@example.org']); return WP_Application_Passwords::create_new_application_password($id, ['name' => 'x'])[0];");
    const as = (user, password) => {
      const other = project(template, { ...own.secrets, BLOG_PASSWORD: password });
      other.edit("tidewire.lua", 'user = "admin"', `user = "${user}"`);
      return other.cli("check", "--connect");
    };
    const weak = await as("writer", writer);
    assert.match(weak.out, /the user writer lacks edit_others_posts/);
    assert.match(weak.out, /lacks unfiltered_html/);
    const wrong = await as("admin", "wrong");
    assert.notEqual(wrong.code, 0);
    assert.match(wrong.out, /rest_not_logged_in[^]*application password/);
  },

  async "the first load carries raw text, terms and meta both ways"() {
    await own.start();
    address = own.daemon.address;
    assert.equal((await own.cli("sync", "categories")).code, 0);
    assert.equal((await own.cli("sync", "articles")).code, 0);
    const here = row("from-the-blog");
    assert.equal(here.title, "From the <b>blog</b> & more ✓🙂");
    assert.equal(here.body, "<p>raw \\ text</p>\r\n\r\nend  ");
    assert.equal(here.state, "live");
    assert.equal(here.categories.length, 1);
    assert.ok(here.published);
    const there = await blog.post("from-the-app");
    assert.equal(there.title.raw, "From the app");
    assert.equal(there.content.raw, "one\r\ntwo  ");
    assert.equal(there.meta.price, 12.5);
    const tools = await blog.category("tools");
    assert.equal(tools.description, "from the app");
    assert.deepEqual(there.categories, [tools.id]);
    assert.equal(app.sql("select count(*) from articles where slug = 'hello-world' and title = 'Hello world!'"), "1");
  },

  async "edits travel each way, a name with & comes back as it went"() {
    app.sql("update articles set title = 'Edited in the app', price = 9.99, sku = 'A-1' where slug = 'from-the-blog'; update categories set description = 'said anew' where slug = 'tools'");
    await arrives("the edit in the blog", async () => (await blog.post("from-the-blog")).title.raw === "Edited in the app");
    assert.deepEqual((await blog.post("from-the-blog")).meta, { price: 9.99, sku: "A-1" });
    await arrives("the term's edit", async () => (await blog.category("tools")).description === "said anew");
    await settled(world);
    assert.equal(app.sql("select name from categories where slug = 'tools'"), "Tools & Söhne");
    await blog.php("$p = get_page_by_path('from-the-app', OBJECT, 'post'); wp_update_post(['ID' => $p->ID, 'post_title' => 'Edited in wp-admin']); return 1;");
    await arrives("the edit in the app", () => row("from-the-app").title === "Edited in wp-admin");
  },

  async "a new article with a new term is made in the blog, once, and terms follow their names"() {
    app.sql("insert into categories (name, slug) values ('Fresh', 'fresh'); insert into articles (title, slug, state, categories) select 'Second', 'second', 'draft', array[id] from categories where slug = 'fresh'");
    const made = await arrives("the draft", () => blog.post("second"));
    assert.equal(made.status, "draft");
    assert.deepEqual(made.categories, [(await blog.category("fresh")).id]);
    await blog.php("$p = get_page_by_path('second', OBJECT, 'post'); wp_set_post_terms($p->ID, [get_term_by('slug', 'news', 'category')->term_id], 'category'); wp_update_post(['ID' => $p->ID, 'post_status' => 'publish']); return 1;");
    await arrives("state and terms", () => row("second").state === "live" && app.sql("select c.slug from articles a join categories c on c.id = a.categories[1] where a.slug = 'second'") === "news");
    assert.equal(await blog.php("return count(get_posts(['name' => 'second', 'post_status' => 'any']));"), 1);
  },

  async "posts of the past and of the future are found by a poll, and hide nothing after them"() {
    await blog.php("wp_insert_post(['post_title' => 'Imported', 'post_name' => 'imported', 'post_status' => 'publish', 'post_date' => '2001-01-01 00:00:00', 'post_date_gmt' => '2001-01-01 00:00:00']); wp_insert_post(['post_title' => 'Planned', 'post_name' => 'planned', 'post_status' => 'future', 'post_date' => '2040-01-01 00:00:00', 'post_date_gmt' => '2040-01-01 00:00:00']); return 1;");
    await arrives("both", () => row("imported") && row("planned")?.state === "planned");
    await blog.php("wp_update_post(['ID' => get_page_by_path('imported', OBJECT, 'post')->ID, 'post_title' => 'Imported, then edited']); return 1;");
    await arrives("an edit after them", () => row("imported").title === "Imported, then edited");
  },

  async "late meta that moves no time is found by a sweep where nobody tells"() {
    await settled(world);
    await blog.php("global $wpdb; $id = get_page_by_path('imported', OBJECT, 'post')->ID; update_post_meta($id, 'sku', 'L-1'); return $wpdb->query(\"update $wpdb->posts set post_modified = '2020-01-01', post_modified_gmt = '2020-01-01' where ID = $id\");");
    await sweep();
    await arrives("the meta", () => row("imported").sku === "L-1");
  },

  async "with the webhook, a change of meta or terms by PHP is there without a poll; noise is not"() {
    for (const name of ["articles", "categories"]) own.edit(`mappings/${name}.lua`, 'on = { poll = "every 2s" }', 'on = { left = { webhook = true }, right = { poll = "every 2s" } }');
    await until("both mappings to be reloaded", () => new Set(own.logged("mapping_reloaded").map((one) => one.mapping ?? one.fields?.mapping ?? JSON.stringify(one))).size >= 2);
    for (const name of ["articles", "categories"]) {
      const made = await own.cli("install", "wordpress", name, "--address", address, "--yes");
      assert.equal(made.code, 0, made.out + made.err);
    }
    await settled(world);
    await blog.php("update_post_meta(get_page_by_path('second', OBJECT, 'post')->ID, 'sku', 'W-1'); return 1;");
    await arrives("the meta", () => row("second").sku === "W-1");
    await blog.php("wp_set_post_terms(get_page_by_path('second', OBJECT, 'post')->ID, [get_term_by('slug', 'tools', 'category')->term_id], 'category'); return 1;");
    await arrives("the terms", () => app.sql("select c.slug from articles a join categories c on c.id = a.categories[1] where a.slug = 'second'") === "tools");
    await settled(world);
    const before = (await own.operations("articles")).length, webhooks = (await own.status()).connections?.blog?.webhooks;
    await blog.php("$id = get_page_by_path('second', OBJECT, 'post')->ID; wp_save_post_revision($id); wp_create_post_autosave(['post_ID' => $id, 'post_type' => 'post', 'post_title' => 'autosaved', 'post_content' => 'x', 'post_author' => 1]); update_post_meta($id, '_edit_lock', time() . ':1'); get_default_post_to_edit('post', true); return 1;");
    await settled(world);
    assert.equal((await own.operations("articles")).length, before);
    assert.deepEqual((await own.status()).connections?.blog?.webhooks, webhooks);
  },

  async "a message that is not signed changes nothing"() {
    const body = JSON.stringify({ collection: "post", key: "1", event: "deleted" });
    for (const headers of [{}, { "X-Tidewire-Signature": "0".repeat(64) }]) {
      assert.equal((await call(`${address}/webhook/blog`, { method: "POST", body, headers: { "Content-Type": "application/json", ...headers } })).status, 401);
    }
    assert.ok(row("hello-world"));
  },

  async "the trash is deleted, out of the trash comes back; a row deleted goes to the trash"() {
    await blog.php("return wp_trash_post(get_page_by_path('second', OBJECT, 'post')->ID) ? 1 : 0;");
    await arrives("the row to be gone", () => row("second") === null);
    await blog.php("$id = get_posts(['post_status' => 'trash'])[0]->ID; wp_untrash_post($id); wp_publish_post($id); return 1;");
    await arrives("the row to be back", () => row("second")?.title === "Second");
    const planned = (await blog.post("planned")).id;
    app.sql("delete from articles where slug = 'planned'");
    await arrives("the post in the trash", async () => (await blog.php(`return get_post_status(${planned});`)) === "trash");
    assert.equal(await blog.php(`return get_post_meta(${planned}, '_wp_trash_meta_status', true);`), "future");
    app.sql("delete from categories where slug = 'fresh'");
    await arrives("the term to be gone", async () => (await blog.category("fresh")) === null);
    await blog.php("return wp_delete_post(get_page_by_path('imported', OBJECT, 'post')->ID, true) ? 1 : 0;");
    await arrives("the row of a post deleted for good to be gone", () => row("imported") === null);
  },

  async "both sides edit a field: a person decides, and the rest goes on"() {
    await settled(world);
    await own.daemon.stop();
    await blog.php("$id = get_page_by_path('second', OBJECT, 'post')->ID; update_post_meta($id, 'sku', 'left'); wp_update_post(['ID' => $id, 'post_title' => 'Left title']); wp_update_post(['ID' => get_page_by_path('from-the-app', OBJECT, 'post')->ID, 'post_title' => 'While nobody listened']); return 1;");
    app.sql("update articles set sku = 'right', body = 'right body' where slug = 'second'");
    await own.start(["--listen", address.slice("http://".length)]);
    await arrives("the rest", async () => row("second").title === "Left title" && (await blog.post("second")).content.raw === "right body");
    const conflicts = await own.ask(["conflicts"], [0, 1, 5]);
    const [one] = conflicts.conflicts ?? conflicts;
    assert.equal((await own.cli("resolve", String(one.id), "right")).code, 0);
    await arrives("what nobody took, told again with the next change", () => row("from-the-app").title === "While nobody listened");
    await arrives("the decision", async () => (await blog.post("second")).meta.sku === "right");
  },

  async "HTML instead of JSON deletes nothing, and what was changed meanwhile arrives after it"() {
    for (const status of [200, 403, 503]) {
      await blog.php(`return update_option('practice_html', ${status});`);
      app.sql(`update articles set body = 'while it answered ${status}' where slug = 'second'`);
      const failures = () => own.logged("operation").length + own.logged("remote_failed").length + own.logged("retry").length;
      await until("a failure to be met", () => failures() > 0);
      await blog.php("return delete_option('practice_html');");
      await arrives(`the edit after ${status}`, async () => (await blog.post("second")).content.raw === `while it answered ${status}`, 90);
    }
    assert.ok(row("hello-world") && row("from-the-blog"));
  },

  async "a password that is revoked stops the connection and loses nothing"() {
    await blog.php("WP_Application_Passwords::delete_all_application_passwords(1); return 1;");
    app.sql("update articles set body = 'behind a closed door' where slug = 'second'");
    await until("the denial to be known", async () => /not logged in/.test(JSON.stringify(await own.status())));
    blog.password = own.secrets.BLOG_PASSWORD = await blog.php("return WP_Application_Passwords::create_new_application_password(1, ['name' => 'again'])[0];");
    own.write_secrets();
    await own.daemon.stop();
    await own.start(["--listen", address.slice("http://".length)]);
    // A key that met the denial waits as long as the connection would have been left alone; a person need not.
    await own.cli("retry", "--mapping", "articles", "--side", "right", "--key", app.sql("select id from articles where slug = 'second'"));
    await arrives("the edit", async () => (await blog.post("second")).content.raw === "behind a closed door", 90);
    assert.ok(row("hello-world"));
  },

  async "in the end both are equal and not one write more is made"() {
    await settled(world);
    const before = await traces();
    await sweep("categories");
    await sweep();
    assert.deepEqual(await traces(), before);
    assert.equal((await own.cli("verify")).code, 0);
    assert.equal((await own.cli("status", "--exit-code")).code, 0);
  },

  async "straight on the tables: loaded, edited both ways, and a serialised value left alone"() {
    await own.daemon.stop();
    app.sql("create table copies (id uuid primary key default gen_random_uuid(), title text, body text, slug text unique, price numeric(10,2), updated_at timestamptz default now())");
    await blog.php("update_post_meta(get_page_by_path('second', OBJECT, 'post')->ID, 'price', '7.50'); update_post_meta(get_page_by_path('hello-world', OBJECT, 'post')->ID, 'price', ['a' => 'Söhne']); return 1;");
    own = world.project = project(new URL("wordpress_tables", import.meta.url).pathname, { BLOG_DATABASE: "practice", APP_URL: app.url });
    own.edit("tidewire.lua", "port = 0", `port = ${blog.database}`);
    const copy = (slug) => app.sql(`select concat_ws('|', title, price) from copies where slug = '${slug}'`);
    await own.start();
    await own.cli("sync", "copies");
    await arrives("the rows", () => copy("second") === "Left title|7.50" && copy("from-the-app").startsWith("While nobody listened|12.50"));
    assert.equal(copy("hello-world"), "");
    await arrives("the serialised value among the dead letters", async () => /serialised/.test(JSON.stringify(await own.dead())));
    app.sql("update copies set price = 8.25, title = 'By SQL ✓' where slug = 'second'");
    await arrives("the edit in the blog", async () => (await blog.post("second")).title.raw === "By SQL ✓" && (await blog.php("return get_post_meta(get_page_by_path('second', OBJECT, 'post')->ID, 'price', true);")) === "8.25");
    await blog.php("wp_update_post(['ID' => get_page_by_path('second', OBJECT, 'post')->ID, 'post_title' => 'By WordPress']); return 1;");
    await arrives("the edit in the app", () => copy("second") === "By WordPress|8.25");
    assert.deepEqual(await blog.php("return get_post_meta(get_page_by_path('hello-world', OBJECT, 'post')->ID, 'price', true);"), { a: "Söhne" });
  },
};

await run(cases, world, () => blog.php("return delete_option('practice_html');"));
