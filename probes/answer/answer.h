/* SPDX-License-Identifier: GPL-2.0 */
/* Writes the answers to the sender of a packet that a rule drops: a TCP reset or an ICMP error. reject.h sends them. */
#ifndef WEIR_ANSWER_H
#define WEIR_ANSWER_H

#include "base/hook.h"
#include "parse/checksum.h"
#include "parse/ethernet.h"
#include "parse/transport.h"

/*
 * The largest IP packets that an ICMP error may become with the packet that it quotes: RFC 1812, 4.3.2.3, and RFC 4443,
 * 2.4.
 */
#define MOST_OF_ICMP 576
#define MOST_OF_ICMPV6 1280

#define ANSWER_HOP_LIMIT 64 /* the default of Linux */

/* The longest answer needs so many calls of bpf_csum_diff. */
#define CHECKSUM_CHUNKS 3

/* The offset of layer 4 in `bytes`. The IP header ends there, whatever its length. */
#define ANSWER_MESSAGE sizeof(struct ipv6_header)

/* The longest Ethernet header with its tags, rounded up to whole words. */
#define MOST_OF_LINK (sizeof(struct ethhdr) + LIMIT_VLAN_TAGS * sizeof(struct vlan_header) + 2)

struct answer {
	__u32 start;	      /* offset of the IP header in `bytes` */
	__u32 message_length; /* length in bytes from layer 4 on */
	__u32 pseudo;	      /* sum of the pseudo header, which the checksum of layer 4 includes */
	__u32 link_length;    /* length in bytes of the Ethernet header with its tags; 0 if there is none */
	union {
		struct ethhdr ethernet;
		__u8 link[MOST_OF_LINK];
	};
	__u8 bytes[ANSWER_MESSAGE + CHECKSUM_CHUNKS * CHECKSUM_CHUNK];
};

/* 0 -> memory in which this CPU writes an answer */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct answer);
} answer_scratch SEC(".maps");

struct icmp_error {
	__u8 type;
	__u8 code;
	__be16 checksum;
	__be32 unused;
};

static __always_inline struct answer *answer_in_scratch(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&answer_scratch, &zero);
}

/* Computes the checksum of layer 4, whose checksum field must be 0. False if the message is too long. */
static __always_inline bool checksum_of(struct answer *answer, __u16 *checksum)
{
	__u64 length = answer->message_length, sum = answer->pseudo;

	asm volatile("" : "+r"(length));
	if (length > CHECKSUM_CHUNKS * CHECKSUM_CHUNK - 4)
		return false;
	/*
	 * Without this, clang may use a copy of the length from before the comparison, whose bound Linux 6.1 does not
	 * know.
	 */
	asm volatile("" : "+r"(length));
	__builtin_memset(answer->bytes + ANSWER_MESSAGE + length, 0, 4); /* bpf_csum_diff sums up words of four bytes */
#pragma clang loop unroll(full)
	for (__u32 i = 0; i < CHECKSUM_CHUNKS; i++) {
		__u64 size = length > i * CHECKSUM_CHUNK ? length - i * CHECKSUM_CHUNK : 0;

		size = (size + 3) & ~3ULL;
		asm volatile("" : "+r"(size));
		if (size > CHECKSUM_CHUNK)
			size = CHECKSUM_CHUNK;
		sum += sum_of(answer->bytes + ANSWER_MESSAGE + i * CHECKSUM_CHUNK, size);
	}
	*checksum = ~fold(sum);
	return true;
}

/* Writes the link header of the answer: the MAC addresses are swapped, and the tags stay. False if that fails. */
static __always_inline bool turn_link_header(hook_context *ctx, const struct packet *packet, struct answer *answer)
{
	__u8 address[ETH_ALEN];
	__u64 length = packet->headers.l3_offset;

	answer->link_length = 0;
	__builtin_memset(answer->ethernet.h_source, 0, ETH_ALEN);
	if (packet->frame.interface_flags & INTERFACE_NO_ETHERNET)
		return true;
	if (!is_within(&length, ETH_HLEN, MOST_OF_LINK) || load_bytes(ctx, 0, answer->link, length))
		return false;
	__builtin_memcpy(address, answer->ethernet.h_dest, ETH_ALEN);
	__builtin_memcpy(answer->ethernet.h_dest, answer->ethernet.h_source, ETH_ALEN);
	__builtin_memcpy(answer->ethernet.h_source, address, ETH_ALEN);
	answer->link_length = length;
	return true;
}

/* Writes the IP header of the answer: source and destination are those of the packet, swapped. */
static __always_inline void write_ip(struct answer *answer, const struct packet *packet, __u8 protocol)
{
	__u32 length = answer->message_length;

	if (packet->headers.flags & PACKET_IPV6) {
		struct ipv6_header *ip = (void *)answer->bytes;

		answer->start = 0;
		ip->version_class_flow = bpf_htonl(IPV6_VERSION << 28);
		ip->payload_length = bpf_htons(length);
		ip->next_header = protocol;
		ip->hop_limit = ANSWER_HOP_LIMIT;
		__builtin_memcpy(ip->source, packet->headers.tuple.destination_be, sizeof(ip->source));
		__builtin_memcpy(ip->destination, packet->headers.tuple.source_be, sizeof(ip->destination));
		answer->pseudo =
			fold(sum_of(ip->source, 2 * sizeof(ip->source)) + bpf_htons(protocol) + bpf_htons(length));
	} else {
		struct ipv4_header *ip = (void *)answer->bytes + sizeof(struct ipv6_header) - sizeof(*ip);

		answer->start = sizeof(struct ipv6_header) - sizeof(*ip);
		ip->version_ihl = IPV4_VERSION << 4 | sizeof(*ip) / 4;
		ip->tos = 0;
		ip->total_length = bpf_htons(sizeof(*ip) + length);
		ip->id = 0;
		ip->fragment = bpf_htons(IPV4_DONT_FRAGMENT);
		ip->ttl = ANSWER_HOP_LIMIT;
		ip->protocol = protocol;
		ip->checksum = 0;
		ip->source = packet->headers.tuple.destination_be[1] >> 32;
		ip->destination = packet->headers.tuple.source_be[1] >> 32;
		ip->checksum = ~fold(sum_of(ip, sizeof(*ip)));
		answer->pseudo =
			fold(sum_of(&ip->source, 2 * sizeof(ip->source)) + bpf_htons(protocol) + bpf_htons(length));
	}
}

/* Writes a reset with the numbers of RFC 9293, 3.5.2, so that the sender accepts it. False if that fails. */
static __always_inline bool write_reset(hook_context *ctx, const struct packet *packet, struct answer *answer)
{
	struct tcp_header *reset = (void *)answer->bytes + ANSWER_MESSAGE, segment;
	__u32 length =
		packet->headers.end > packet->headers.header_end ? packet->headers.end - packet->headers.header_end : 0;

	if (load_bytes(ctx, packet->headers.l4_offset, &segment, sizeof(segment)))
		return false;
	reset->source = segment.destination;
	reset->destination = segment.source;
	if (segment.flags & TCP_ACK) {
		reset->sequence = segment.acknowledgement;
		reset->acknowledgement = 0;
		reset->flags = TCP_RST;
	} else {
		length += !!(segment.flags & TCP_SYN) + !!(segment.flags & TCP_FIN);
		reset->sequence = 0;
		reset->acknowledgement = bpf_htonl(bpf_ntohl(segment.sequence) + length);
		reset->flags = TCP_RST | TCP_ACK;
	}
	reset->data_offset = sizeof(*reset) / 4 << 4;
	reset->window = 0;
	reset->checksum = 0;
	reset->urgent = 0;
	answer->message_length = sizeof(*reset);
	write_ip(answer, packet, IPPROTO_TCP);
	return checksum_of(answer, &reset->checksum);
}

/*
 * Writes an ICMP error that quotes as much of the packet as it may, so that the sender finds its socket. False if that
 * fails.
 */
static __always_inline bool write_prohibited(hook_context *ctx, const struct packet *packet, struct answer *answer)
{
	struct icmp_error *error = (void *)answer->bytes + ANSWER_MESSAGE;
	bool ipv6 = packet->headers.flags & PACKET_IPV6;
	__u64 quoted = packet->headers.end - packet->headers.l3_offset;
	__u32 most = ipv6 ? MOST_OF_ICMPV6 - sizeof(struct ipv6_header) - sizeof(*error)
			  : MOST_OF_ICMP - sizeof(struct ipv4_header) - sizeof(*error);

	if (quoted > most)
		quoted = most;
	if (!is_within(&quoted, sizeof(struct ipv4_header), MOST_OF_ICMPV6) ||
	    load_bytes(ctx, packet->headers.l3_offset, error + 1, quoted))
		return false;
	error->type = ipv6 ? ICMPV6_UNREACHABLE_TYPE : ICMP_UNREACHABLE_TYPE;
	error->code = ipv6 ? ICMPV6_PROHIBITED_CODE : ICMP_PROHIBITED_CODE;
	error->checksum = 0;
	error->unused = 0;
	answer->message_length = sizeof(*error) + quoted;
	write_ip(answer, packet, ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
	if (!ipv6)
		answer->pseudo = 0; /* the checksum of ICMP for IPv4 includes no pseudo header */
	return checksum_of(answer, &error->checksum);
}

#endif
