// Stands before a system and passes everything on: what counts its requests, or holds some of them back.
import http from "node:http";
import { cleanup } from "./scenario.mjs";

/// The address of the front; `to()` says what it stands before. `seen(request)` may return a promise, which is waited for first.
export function front(to, seen) {
  const server = http.createServer(async (request, response) => {
    await seen(request);
    const on = http.request(to() + request.url, { method: request.method, headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    on.on("error", () => response.destroy());
    request.pipe(on);
  });
  cleanup(() => server.closeAllConnections());
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${server.address().port}`)));
}
