/* SPDX-License-Identifier: GPL-2.0 */
/*
 * NAT by this host. Conntrack keeps two tuples of a connection, one for each direction, with the addresses and ports
 * that the sender of that direction writes. A packet that arrives has not met NAT yet. A packet that leaves has been
 * translated.
 */
#ifndef WEIR_TRANSLATION_H
#define WEIR_TRANSLATION_H

#include "base/hook.h"
#include "base/kernel_net.h"

/*
 * The low bits of skb->_nfct: enum ip_conntrack_info, in which the values from IP_CT_ESTABLISHED_REPLY on are those of
 * replies.
 */
#define TRACKING_STATE 7UL
#define TRACKING_REPLY 3

/* IPS_SRC_NAT | IPS_DST_NAT */
#define TRACKED_TRANSLATED 0x30

static __always_inline void read_tracked_address(__u64 out[2], const union nf_inet_addr *from, bool ipv4)
{
	__be32 address = 0;

	if (ipv4) {
		BPF_CORE_READ_INTO(&address, from, all[0]);
		map_ipv4(out, address);
	} else {
		bpf_probe_read_kernel(out, 2 * sizeof(*out), __builtin_preserve_access_index(&from->all));
	}
}

/* Reads the addresses and ports from before NAT. False if the packet was not translated. */
static __always_inline bool read_untranslated(hook_context *ctx, const struct packet *packet, struct ends *sent)
{
	const struct nf_conntrack_tuple_hash *hash;
	bool ipv4 = is_mapped(packet->headers.tuple.source_be);
	const struct nf_conn *connection;
	unsigned long tracking, status;
	__be16 port = 0;

	if (!bpf_core_field_exists(((struct sk_buff *)0)->_nfct) ||
	    !bpf_core_field_exists(((struct nf_conn *)0)->status))
		return false;
	tracking = BPF_CORE_READ((struct sk_buff *)ctx, _nfct);
	connection = (const struct nf_conn *)(tracking & ~TRACKING_STATE);
	if (!connection)
		return false;
	status = BPF_CORE_READ(connection, status);
	if (!(status & TRACKED_TRANSLATED))
		return false;
	hash = __builtin_preserve_access_index(&connection->tuplehash[0]);
	if ((tracking & TRACKING_STATE) >= TRACKING_REPLY)
		hash = (const void *)hash + bpf_core_type_size(struct nf_conntrack_tuple_hash);
	read_tracked_address(sent->source_be, __builtin_preserve_access_index(&hash->tuple.src.u3), ipv4);
	read_tracked_address(sent->destination_be, __builtin_preserve_access_index(&hash->tuple.dst.u3), ipv4);
	sent->source_port = sent->destination_port = 0;
	if (packet->headers.tuple.protocol == IPPROTO_TCP || packet->headers.tuple.protocol == IPPROTO_UDP) {
		BPF_CORE_READ_INTO(&port, hash, tuple.src.u.all);
		sent->source_port = bpf_ntohs(port);
		BPF_CORE_READ_INTO(&port, hash, tuple.dst.u.all);
		sent->destination_port = bpf_ntohs(port);
	}
	return true;
}

/* This is note_translation() of hook.h for hooks that see a packet after netfilter. Not static: see judge_inner. */
__noinline int note_tracked_translation(hook_context *ctx, __u32 which)
{
	struct packet *packet = packet_in_scratch(which);

	if (!packet || packet->headers.tunnel || !read_untranslated(ctx, packet, &packet->connection.untranslated))
		return false;
	packet->role.translated = true;
	return true;
}

#endif
