// A mail server that takes everything: { port, mails: [{ from, to, text }] }, a body in base64 being told as it reads. It can refuse the next few on order.
import net from "node:net";
import { cleanup } from "./scenario.mjs";

function as_read(text) {
  const [head, body] = [text.slice(0, text.indexOf("\n\n")), text.slice(text.indexOf("\n\n") + 2)];
  if (body.split("\n").some((line) => line.length > 998)) throw new Error("a line that no mail server needs to take");
  return /^content-transfer-encoding: base64$/im.test(head) ? head + "\n\n" + Buffer.from(body, "base64").toString() : text;
}

export function mail_sink() {
  const sink = { mails: [], refuse: 0 };
  const server = net.createServer((socket) => {
    let mail = { from: "", to: [], text: "" }, in_data = false, rest = "";
    const say = (line) => socket.write(line + "\r\n");
    const on_line = (line) => {
      if (in_data) {
        if (line !== ".") return void (mail.text += line.replace(/^\.\./, ".") + "\n");
        in_data = false;
        if (sink.refuse > 0) { sink.refuse--; return say("451 try again later"); }
        sink.mails.push({ ...mail, text: as_read(mail.text) });
        mail = { from: "", to: [], text: "" };
        return say("250 taken");
      }
      const word = line.slice(0, 4).toUpperCase();
      if (word === "EHLO" || word === "HELO") return say("250 sink");
      if (word === "MAIL") { mail = { from: /<(.*?)>/.exec(line)[1], to: [], text: "" }; return say("250 ok"); }
      if (word === "RCPT") { mail.to.push(/<(.*?)>/.exec(line)[1]); return say("250 ok"); }
      if (word === "DATA") { in_data = true; return say("354 go on"); }
      if (word === "QUIT") { say("221 bye"); return socket.end(); }
      say("250 ok");
    };
    say("220 sink");
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      rest += bytes.toString();
      for (let at = rest.indexOf("\r\n"); at >= 0; at = rest.indexOf("\r\n")) {
        on_line(rest.slice(0, at));
        rest = rest.slice(at + 2);
      }
    });
  });
  cleanup(() => server.close());
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(Object.assign(sink, { port: server.address().port }))));
}
