/** Reads a server's certificate with OpenSSL. Nothing checks whether what it says is true. */

import { type KeyObject, X509Certificate } from "node:crypto";

import type { Certificate } from "../../transaction.ts";
import { NotDecided } from "../../undecided.ts";

export function readCertificate(der: Uint8Array): Certificate {
  try {
    const read = new X509Certificate(der);
    const subject = oneLine(read.subject);
    const commonName = /(?:^|\n)CN=([^\n]*)/.exec(read.subject ?? "")?.[1];
    return {
      subject,
      ...(commonName === undefined ? {} : { common_name: commonName }),
      issuer: oneLine(read.issuer),
      names: namesOf(read.subjectAltName),
      not_before: read.validFromDate.toISOString(),
      not_after: read.validToDate.toISOString(),
      serial: read.serialNumber.toLowerCase(),
      fingerprint_sha256: read.fingerprint256.replaceAll(":", "").toLowerCase(),
      key: keyOf(read.publicKey),
    };
  } catch {
    throw new NotDecided("malformed");
  }
}

function oneLine(name: string | undefined): string {
  return (name ?? "").split("\n").join(", ");
}

/** Node writes "DNS:a, IP Address:192.0.2.1", and a name with a comma or a quote as a JSON string. */
function namesOf(text: string | undefined): string[] {
  const parts = (text ?? "").match(/(?:[^,"]|"(?:[^"\\]|\\.)*")+/g) ?? [];
  return parts.map((part) => {
    const [, name = ""] = /^\s*(?:[^:"]*):(.*)$/s.exec(part) ?? [];
    return name.startsWith('"') ? String(JSON.parse(name)) : name;
  });
}

function keyOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string {
  const { modulusLength, namedCurve } = asymmetricKeyDetails ?? {};
  return [asymmetricKeyType, modulusLength ?? namedCurve].filter((part) => part !== undefined).join(" ");
}
