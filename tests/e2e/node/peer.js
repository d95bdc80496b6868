// An SMPP peer made of the npm package `smpp`, driven by a script of the tests.
//
//   node peer.js listen PORT     a centre; takes every bind
//   node peer.js connect PORT    an ESME; binds nothing by itself
//
// Standard input: one JSON object a line, {"command": "deliver_sm", ...fields}, sent as it is on the
// last session. Buffers are {"hex": "..."}; short_message may be {"udh": {"hex": ...}, "message":
// ...}. Standard output: one JSON object for each unit that arrives, and {"event": ...} for what
// happens to sessions. Requests are answered with status 0.
'use strict';

const smpp = require('smpp');
const readline = require('readline');

let session = null;
let messages = 0;

function say(object) {
  process.stdout.write(JSON.stringify(object, (key, value) =>
    value !== null && typeof value === 'object' && value.type === 'Buffer'
      ? { hex: Buffer.from(value.data).toString('hex') } : value) + '\n');
}

function revive(key, value) {
  return value !== null && typeof value === 'object' && typeof value.hex === 'string'
    ? Buffer.from(value.hex, 'hex') : value;
}

function answer(pdu) {
  const fields = {};
  if (pdu.command.startsWith('bind'))
    fields.system_id = 'node';
  if (pdu.command === 'submit_sm')
    fields.message_id = `node-${++messages}`;
  session.send(pdu.response(fields));
}

function take(opened) {
  session = opened;
  session.on('pdu', (pdu) => {
    say(pdu);
    if (!pdu.isResponse() && pdu.command !== 'alert_notification')
      answer(pdu);
  });
  session.on('close', () => say({ event: 'close' }));
  session.on('error', (error) => say({ event: 'error', message: String(error) }));
}

const [how, port] = process.argv.slice(2);
if (how === 'listen')
  smpp.createServer({}, take).listen(Number(port), '127.0.0.1', () => say({ event: 'listening' }));
else {
  const client = smpp.connect({ url: `smpp://127.0.0.1:${port}` }, () => say({ event: 'connected' }));
  take(client);
}

const input = readline.createInterface({ input: process.stdin });
input.on('line', (line) => {
  const { command, ...fields } = JSON.parse(line, revive);
  session.send(new smpp.PDU(command, fields));
});
input.on('close', () => process.exit(0));
