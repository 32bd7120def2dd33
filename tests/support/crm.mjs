// A small REST system as many are: bearer token, pages by number, ETag and If-Match, updated_since, its own ids and times.
import crypto from "node:crypto";
import http from "node:http";

export function crm(token) {
  const rows = new Map();
  let last = 0, writes = 0;
  const etag = (row) => `"${crypto.createHash("md5").update(JSON.stringify(row)).digest("hex")}"`;
  const store = (row, values) => {
    const { email, name, phone, vip } = { ...row, ...values };
    const saved = { id: row.id, email, name: name ?? null, phone: phone ?? null, vip: Boolean(vip), updated_at: new Date().toISOString() };
    writes++;
    rows.set(row.id, saved);
    return saved;
  };
  const taken = (email, id) => [...rows.values()].some((row) => row.email === email && row.id !== id);

  function answer(method, url, headers, body) {
    if (headers.authorization !== `Bearer ${token}`) return [401, { message: "no" }];
    const [, collection, id] = url.pathname.split("/");
    if (collection !== "contacts") return [404, { message: "no such resource" }];
    if (id === undefined && method === "GET") {
      const ask = url.searchParams, size = Number(ask.get("per_page") ?? 20), page = Number(ask.get("page") ?? 1);
      const found = [...rows.values()].filter((row) => (!ask.has("updated_since") || row.updated_at >= ask.get("updated_since").replace(/\.(\d{3})\d*Z$/, ".$1Z")) && (!ask.has("email") || row.email === ask.get("email")));
      return [200, { data: found.slice((page - 1) * size, page * size), total: found.length }];
    }
    if (id === undefined && method === "POST") {
      if (taken(body.email)) return [409, { message: "this email is taken" }];
      return [201, { data: store({ id: ++last }, body) }];
    }
    const row = rows.get(Number(id));
    if (!row) return [404, { message: "no such contact" }];
    if (headers["if-match"] && headers["if-match"] !== etag(row)) return [412, { message: "it has changed" }];
    if (method === "GET") return [200, { data: row }, { etag: etag(row) }];
    if (method === "PATCH") return [200, { data: store(row, body) }];
    if (method === "DELETE") {
      rows.delete(row.id);
      writes++;
      return [204];
    }
    return [405, { message: "not here" }];
  }

  const server = http.createServer((request, response) => {
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", () => {
      const text = Buffer.concat(parts).toString();
      const [status, body, more] = answer(request.method, new URL(request.url, "http://crm"), request.headers, text ? JSON.parse(text) : undefined);
      response.writeHead(status, { "content-type": "application/json", ...more });
      response.end(body === undefined ? undefined : JSON.stringify(body));
    });
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve({
    url: `http://127.0.0.1:${server.address().port}`, rows, writes: () => writes, stop: () => server.close(),
    find: (email) => [...rows.values()].find((row) => row.email === email),
    insert: (values) => store({ id: ++last }, values),
    edit: (email, values) => store([...rows.values()].find((row) => row.email === email), values),
  })));
}
