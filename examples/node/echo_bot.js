// The echo bot without any library of ours: turns in, bare JSON out, with the number as the key.
import { Kafka, Partitioners } from "kafkajs";

const BOT = "echo";
const PREFIX = process.env.SAATH_TOPICS__PREFIX ?? "saath.";
const BROKERS = (process.env.SAATH_KAFKA__BOOTSTRAP_SERVERS ?? "127.0.0.1:9092").split(",");

const kafka = new Kafka({ clientId: `bot-${BOT}`, brokers: BROKERS });
const consumer = kafka.consumer({ groupId: `bot-${BOT}` }); // it sees committed records only
const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner }); // Java's

await producer.connect();
await consumer.connect();
await consumer.subscribe({ topic: `${PREFIX}turns.v1`, fromBeginning: true });
await consumer.run({
  partitionsConsumedConcurrently: 8,
  eachMessage: async ({ message }) => {
    if (message.headers.ce_type?.toString() !== "io.saath.turn.offered.v1") return;
    const turn = JSON.parse(message.value.toString());
    if (turn.bot !== BOT || Date.parse(turn.deadline) <= Date.now()) return;

    const words = turn.messages.map((m) => m.content.text?.body).filter(Boolean).join("\n");
    const answer = words
      ? { turn: turn.turn, messages: [{ type: "text", text: { body: `You said: ${words}` } }] }
      : { turn: turn.turn, then: "done" };
    // Awaited before the turn's offset is committed: a bot that dies answers again, and the sender
    // sends once, because the request's id defaults to the turn's.
    await producer.send({
      topic: `${PREFIX}outbound.v1`,
      acks: -1,
      messages: [{ key: turn.number, value: JSON.stringify(answer) }],
    });
  },
});

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, async () => {
    await consumer.disconnect();
    await producer.disconnect();
  });
}
