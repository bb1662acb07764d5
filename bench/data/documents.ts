import type { Prose } from './prose.ts';
import type { Random } from './random.ts';

/** First and last second of the history that the generated state tells. */
const HISTORY = { first: Date.UTC(2025, 0, 1) / 1000, seconds: 500 * 86_400 };

/** A moment of that history, in seconds since 1970 with a fraction of whole microseconds. */
export function drawTime(random: Random): number {
  return HISTORY.first + random.below(HISTORY.seconds) + random.below(1_000_000) / 1_000_000;
}

/** A time as Oxios writes it. */
function formatTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('Z', '123Z');
}

/** A fact, episode or other record with a single body of prose, pretty-printed as `StateStore` does it. */
export function writeRecord(random: Random, prose: Prose, length: number): string {
  const time = drawTime(random);
  const record = {
    id: random.uuid(),
    kind: random.pick(['fact', 'episode', 'preference', 'observation', 'reflection']),
    created_at: formatTime(time),
    updated_at: formatTime(time + random.below(90_000)),
    importance: Math.round(random.uniform() * 1e6) / 1e6,
    access_count: random.below(40),
    source: { session_id: random.uuid(), agent: random.pick(['planner', 'coder', 'researcher', 'secretary']) },
    tags: [prose.word(), prose.word(), prose.word()],
    embedding_ref: null,
    content: '',
  };
  record.content = prose.text(Math.max(16, length - jsonLength(record)));
  return `${JSON.stringify(record, null, 2)}\n`;
}

/** A session or conversation: a list of messages, some with a tool call, pretty-printed. */
export function writeConversation(random: Random, prose: Prose, length: number): string {
  let time = drawTime(random);
  const messages: object[] = [];
  const conversation = {
    id: random.uuid(),
    title: prose.text(24 + random.below(40)),
    model: random.pick(['claude-sonnet', 'gpt-large', 'qwen-local', 'mistral-small']),
    started_at: formatTime(time),
    status: random.pick(['active', 'finished', 'archived']),
    messages,
    total_tokens: random.below(200_000),
  };
  let left = length - jsonLength(conversation);
  do {
    time += random.uniform() * 120;
    const message = {
      role: messages.length % 2 === 0 ? 'user' : 'assistant',
      timestamp: formatTime(time),
      content: '',
      ...(random.below(4) === 0 && {
        tool_call: { name: random.pick(['read_file', 'search', 'shell']), id: random.uuid() },
      }),
    };
    // Two levels of indentation stand before each of its lines.
    const frame = jsonLength(message) + 4 * (Object.keys(message).length + 2);
    message.content = prose.text(Math.max(12, Math.min(left - frame, 40 + random.below(1200))));
    messages.push(message);
    left -= frame + message.content.length;
  } while (left > 220);
  return `${JSON.stringify(conversation, null, 2)}\n`;
}

/** A Markdown page with front matter, headings and paragraphs. */
export function writeMarkdown(random: Random, prose: Prose, length: number): string {
  let page = `---\nid: ${random.uuid()}\ncreated: ${formatTime(drawTime(random))}\ntags: [${prose.word()}, ${prose.word()}]\n---\n\n`;
  page += `# ${prose.text(40)}\n\n`;
  while (page.length < length) {
    const room = length - page.length;
    if (random.below(5) === 0) page += `## ${prose.text(30)}\n\n`;
    else if (random.below(4) === 0) page += `- [ ] ${prose.text(60)}\n- [x] ${prose.text(50)}\n\n`;
    else page += `${prose.text(Math.max(16, Math.min(room, 120 + random.below(500))))}\n\n`;
  }
  return page;
}

/** One line of an event log. */
export function writeLogLine(random: Random, prose: Prose, time: number): string {
  return `${JSON.stringify({
    ts: formatTime(time),
    level: random.pick(['INFO', 'INFO', 'INFO', 'DEBUG', 'WARN']),
    target: random.pick(['oxios::kernel', 'oxios::agent', 'oxios::memory', 'oxios::gateway', 'oxios::scheduler']),
    span: random.hex8(),
    session: random.below(6) === 0 ? random.uuid() : undefined,
    duration_us: random.below(2_000_000),
    message: prose.sentence(),
  })}\n`;
}

function jsonLength(value: object): number {
  return JSON.stringify(value, null, 2).length;
}
