// SPDX-License-Identifier: GPL-2.0
/*
 * Packets that others drop, and why. The kernel reports a reason for each packet that it frees without having delivered
 * it. It does not report packets that native XDP drops. Packets that weir itself drops on TC are left out, because its
 * rules count them.
 */
#include "base/faults.h"
#include "base/limiter.h"
#include "base/options.h"
#include "base/own_drops.h"
#include "parse/flow_key.h"
#include "parse/ipv4.h"
#include "parse/ipv6.h"
#include "parse/transport.h"

/* So many IPv6 extension headers are skipped to find the ports. */
#define HEADERS_PASSED 4

/* The address of the route in _skb_refdst. The lowest bit is SKB_DST_NOREF. */
#define ROUTE_MASK (~1UL)

/* connection and reason -> packets that others dropped */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct drop_key);
	__type(value, struct drop);
} drops SEC(".maps");

/* enum skb_drop_reason -> packets that others dropped */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, LIMIT_DROP_REASONS);
	__type(key, __u32);
	__type(value, __u64);
} drop_reasons SEC(".maps");

/* 0 -> limiter of the drops that are stored with their connection; beyond it they are only counted by reason */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} drop_limiter SEC(".maps");

/* Is the device in the network namespace of the agent? */
static __always_inline bool is_here(const struct net_device *device)
{
	return device && BPF_CORE_READ(device, nd_net.net, net_cookie) == netns_cookie;
}

/* Reads bytes of the packet, if they are in the linear part. */
static __always_inline bool read_at(const struct sk_buff *skb, __u32 offset, void *to, __u32 size)
{
	if (offset + size > BPF_CORE_READ(skb, tail))
		return false;
	return !bpf_probe_read_kernel(to, size, BPF_CORE_READ(skb, head) + offset);
}

/* These facts tell a drop at the ordinary end of a connection from one that an end notices. */
struct segment {
	__u8 flags;
	bool has_data;
};

/*
 * `end` is the offset at which the packet ends by its IP header; 0 if that has no length, as in large packets before
 * segmentation.
 */
static __always_inline void read_segment(const struct sk_buff *skb, __u32 offset, __u32 end, struct segment *segment)
{
	struct tcp_header tcp;

	if (!read_at(skb, offset, &tcp, sizeof(tcp)))
		return;
	segment->flags = tcp.flags;
	segment->has_data = !end || end > offset + tcp_header_length(&tcp);
}

static __always_inline void read_ports(const struct sk_buff *skb, __u32 offset, __u32 end, struct tuple *tuple,
				       struct segment *segment)
{
	struct icmp_header icmp;
	__be16 ports[2];

	switch (tuple->protocol) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
		if (!read_at(skb, offset, ports, sizeof(ports)))
			return;
		tuple->source_port = bpf_ntohs(ports[0]);
		tuple->destination_port = bpf_ntohs(ports[1]);
		if (tuple->protocol == IPPROTO_TCP)
			read_segment(skb, offset, end, segment);
		return;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		if (read_at(skb, offset, &icmp, sizeof(icmp)))
			set_icmp_tuple(tuple, &icmp);
	}
}

static __always_inline bool read_ipv4(const struct sk_buff *skb, __u32 offset, struct tuple *tuple,
				      struct segment *segment)
{
	struct ipv4_header ip;

	if (!read_at(skb, offset, &ip, sizeof(ip)) || !is_ipv4(&ip))
		return false;
	map_ipv4(tuple->source_be, ip.source);
	map_ipv4(tuple->destination_be, ip.destination);
	tuple->protocol = ip.protocol;
	if (!(ip.fragment & bpf_htons(IPV4_OFFSET_MASK)))
		read_ports(skb, offset + ipv4_header_length(&ip),
			   ip.total_length ? offset + bpf_ntohs(ip.total_length) : 0, tuple, segment);
	return true;
}

static __always_inline bool read_ipv6(const struct sk_buff *skb, __u32 offset, struct tuple *tuple,
				      struct segment *segment)
{
	struct ipv6_header ip;
	struct extension_header extension;
	__u32 end;

	if (!read_at(skb, offset, &ip, sizeof(ip)) || !is_ipv6(&ip))
		return false;
	copy_ipv6(tuple->source_be, ip.source);
	copy_ipv6(tuple->destination_be, ip.destination);
	tuple->protocol = ip.next_header;
	offset += sizeof(ip);
	end = ip.payload_length ? offset + bpf_ntohs(ip.payload_length) : 0;
#pragma clang loop unroll(full)
	for (int i = 0; i < HEADERS_PASSED; i++) {
		/*
		 * After a fragment header there may be no ports, and an authentication header has another unit of
		 * length.
		 */
		if (!is_extension(tuple->protocol) || tuple->protocol == IPPROTO_FRAGMENT ||
		    tuple->protocol == IPPROTO_AH)
			break;
		if (!read_at(skb, offset, &extension, sizeof(extension)))
			return true;
		tuple->protocol = extension.next_header;
		offset += (extension.length + 1) * 8;
	}
	read_ports(skb, offset, end, tuple, segment);
	return true;
}

/* Reads the addresses and ports. False if it is no IP packet. */
static __always_inline bool read_tuple(const struct sk_buff *skb, struct tuple *tuple, struct segment *segment)
{
	__u32 offset = BPF_CORE_READ(skb, network_header);

	switch (BPF_CORE_READ(skb, protocol)) {
	case bpf_htons(ETH_P_IP):
		return read_ipv4(skb, offset, tuple, segment);
	case bpf_htons(ETH_P_IPV6):
		return read_ipv6(skb, offset, tuple, segment);
	default:
		return false;
	}
}

static __always_inline void count_reason(__u32 reason)
{
	__u32 index = reason < LIMIT_DROP_REASONS ? reason : LIMIT_DROP_REASONS - 1;
	__u64 *count = bpf_map_lookup_elem(&drop_reasons, &index);

	if (count)
		__sync_fetch_and_add(count, 1);
}

SEC("tp_btf/kfree_skb")
int BPF_PROG(weir_kernel_drop, struct sk_buff *skb, void *location, __u32 reason)
{
	__u32 arrived_by = BPF_CORE_READ(skb, skb_iif);
	struct net_device *route_device, *device;
	struct drop_key key = { .reason = reason };
	struct dst_entry *route;
	struct segment segment = {};
	struct tuple tuple = {};
	struct drop drop = {};
	struct drop *known;
	struct sock *sender;
	__u32 zero = 0;
	__u64 *limiter;

	if (claim_own_drop(reason))
		return 0;
	/* At this point each of the three pointers may be NULL, or the kernel may have reused its memory. */
	route = (struct dst_entry *)(BPF_CORE_READ(skb, _skb_refdst) & ROUTE_MASK);
	route_device = route ? BPF_CORE_READ(route, dev) : NULL;
	device = BPF_CORE_READ(skb, dev);
	sender = BPF_CORE_READ(skb, sk);
	if (!(sender && BPF_CORE_READ(sender, __sk_common.skc_net.net, net_cookie) == netns_cookie) &&
	    !is_here(route_device) && !is_here(device))
		return 0;
	count_reason(reason);
	limiter = bpf_map_lookup_elem(&drop_limiter, &zero);
	if (!limiter || !claim_turn(limiter, LIMIT_DROPS_A_SECOND) || !read_tuple(skb, &tuple, &segment))
		return 0;
	key.from_low = name_ends(&tuple, &key.flow);
	key.flow.ifindex = arrived_by ?: BPF_CORE_READ(is_here(route_device) ? route_device : device, ifindex);
	drop.last_ns = bpf_ktime_get_ns();
	known = bpf_map_lookup_elem(&drops, &key);
	if (known) {
		__sync_fetch_and_add(&known->packets, 1);
		known->last_ns = drop.last_ns;
		known->tcp_flags |= segment.flags;
		known->has_data |= segment.has_data;
		return 0;
	}
	drop.packets = 1;
	drop.first_ns = drop.last_ns;
	drop.cookie = arrived_by || !sender ? 0 : BPF_CORE_READ(sender, __sk_common.skc_cookie.counter);
	drop.direction = arrived_by ? DIRECTION_INGRESS : DIRECTION_EGRESS;
	drop.icmp_type = tuple.icmp_type;
	drop.icmp_code = tuple.icmp_code;
	drop.tcp_flags = segment.flags;
	drop.has_data = segment.has_data;
	if (bpf_map_update_elem(&drops, &key, &drop, BPF_ANY))
		count_fault(FAULT_DROP_INSERT);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
