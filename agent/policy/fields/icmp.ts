/** The field `layer4.icmp`: messages of ICMP and ICMPv6. */

import type { Schema } from "../../values/json-schema.ts";
import { ICMP_TYPES, ICMPV6_TYPES, icmpCodeNames, icmpCodeNumber, icmpTable, icmpTypeName, icmpTypeNumber } from "../../values/names.ts";
import { meantBy } from "../../values/meant.ts";
import { nearest } from "../../values/nearest.ts";
import { quote } from "../../values/quote.ts";
import type { Layer4Config } from "../rule.ts";
import { type Range, rangesOutside } from "../spans.ts";
import {
  ALL_16_BITS,
  ANY,
  BOTH_WAYS,
  type Complain,
  expansion,
  type Field,
  isMapping,
  known,
  listOf,
  shown,
  type Want,
  worded,
} from "./field.ts";
import { list, number } from "./option-text.ts";

interface Message {
  type: string | number;
  code?: string | number;
}

declare module "../rule.ts" {
  interface Layer4Negatable {
    icmp?: Message[];
  }
}

const MESSAGES: Schema = {
  type: "array",
  items: {
    type: "object",
    additionalProperties: false,
    required: ["type"],
    properties: {
      type: {
        title: "Type",
        description: "The message has this type. Write its name or its number.",
        type: ["integer", "string"],
        minimum: 0,
        maximum: 255,
        examples: ["echo-request", 8],
      },
      code: {
        title: "Code",
        description: "The message has this code. Write its name or its number. Without this key, any code matches.",
        type: ["integer", "string"],
        minimum: 0,
        maximum: 255,
        examples: ["port-unreachable", 0],
      },
    },
  },
};

export const ICMP = {
  schema: {
    title: "ICMP messages",
    description: "The packet is one of these messages. The field needs the protocol icmp or icmpv6.",
    ...MESSAGES,
    examples: [[{ type: "echo-request" }, { type: 3, code: 1 }]],
  },
  needs: ["icmp", "icmpv6"],
  check(value, protocol, complain) {
    for (const [index, message] of listOf(value).entries()) if (isMapping(message)) checkMessage(message, protocol.number, index, complain);
  },
  not: {
    schema: {
      title: "ICMP messages left out",
      description: "The rule leaves out these messages. The field needs the protocol icmp or icmpv6, here or in the rule.",
      ...MESSAGES,
      examples: [[{ type: "echo-request" }]],
    },
    means: "is none of these messages",
  },
  options: {
    icmp: { value: "LIST", about: "message types, or type/code, as echo-request (with --proto icmp or icmpv6)", read: readMessages },
  },
  text: {
    place: "packet",
    words: ({ layer4 }) =>
      worded(
        "",
        (layer4?.icmp ?? []).map(({ type, code }) => (code === undefined ? `${type}` : `${type}/${code}`)),
      ),
  },
  directions: BOTH_WAYS,
  operators: { type: "is this message, whatever its code", type_and_code: "is this message with this code" },
  judged: "once",
  wants: ({ layer4 }) => (layer4?.icmp ?? []).map((value) => wantMessage(layer4?.protocol, value)),
  got: ({ icmp, protocol }) => shown(icmp, ({ type, code }) => `${messageName(protocol, type)} code ${code}`),
  expansion: expansion<Range>({
    alternatives({ layer4, not }, _, left) {
      const messages = messagesOf(layer4?.icmp, layer4?.protocol);
      if (left !== "layer4.icmp") return messages.length === 0 ? ANY : messages;
      return rangesOutside(
        messages.length === 0 ? ALL_16_BITS : messages,
        messagesOf(not?.layer4?.icmp, not?.layer4?.protocol ?? layer4?.protocol),
      );
    },
    write: (lines, line, messages) => lines.setMessages(line, messages),
  }),
} satisfies Field;

function checkMessage({ type, code }: Record<string, unknown>, protocol: number | undefined, index: number, complain: Complain): void {
  const table = (protocol === undefined ? undefined : icmpTable(protocol)) ?? { ...ICMPV6_TYPES, ...ICMP_TYPES };
  const [name, other] = table === ICMPV6_TYPES ? ["ICMPv6", "ICMP"] : ["ICMP", "ICMPv6"];
  const otherTable = table === ICMPV6_TYPES ? ICMP_TYPES : ICMPV6_TYPES;
  if (typeof type === "string" && icmpTypeNumber(table, type) === undefined) {
    const elsewhere = icmpTypeNumber(otherTable, type) !== undefined;
    const suggestion = elsewhere ? undefined : meantBy(type, Object.keys(table));
    complain([index, "type"], `${quote(type)} is not an ${name} message type${elsewhere ? ` but one of ${other}` : ""}`, {
      value: type,
      suggestion,
    });
  } else if (
    typeof code === "string" &&
    (typeof type === "string" || typeof type === "number") &&
    icmpCodeNumber(table, type, code) === undefined
  ) {
    const suggestion = nearest(code, Object.keys(icmpCodeNames(table, type)));
    complain([index, "code"], `${quote(code)} is not a code of the ${name} message type ${type}`, { value: code, suggestion });
  }
}

function readMessages(text: string): object[] {
  return list(text).map((message) => {
    const [type = "", code] = message.split("/", 2);
    return code === undefined ? { type: number(type) } : { type: number(type), code: number(code) };
  });
}

function wantMessage(protocol: string | number = "", value: Message): Want {
  const table = icmpTable(protocol) ?? {};
  const type = icmpTypeNumber(table, value.type);
  const code = value.code === undefined ? undefined : icmpCodeNumber(table, value.type, value.code);
  return {
    operator: code === undefined ? "type" : "type_and_code",
    text: value.code === undefined ? String(value.type) : `${value.type} code ${value.code}`,
    holds: ({ icmp }) => known(icmp, (message) => message.type === type && (code === undefined || message.code === code)),
  };
}

function messageName(protocol: number | undefined, type: number): string {
  return icmpTypeName(icmpTable(protocol ?? "") ?? {}, type);
}

/** A message is one number: the type is its upper byte, the code its lower byte. */
function messagesOf(list: Layer4Config["icmp"] = [], protocol: string | number = ""): Range[] {
  const table = icmpTable(protocol) ?? {};
  return list.map(({ type, code }) => {
    const first = icmpTypeNumber(table, type)! << 8;
    if (code === undefined) return { first, last: first | 0xff };
    const exact = first | icmpCodeNumber(table, type, code)!;
    return { first: exact, last: exact };
  });
}
