/* What the benchmarks compare weir with, and what feeds it. Compiled when they run. */
#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

/* Where the address lies that is varied, and how many values it takes, from 100.64.0.0 on. */
const volatile __u32 address_offset = 26;
const volatile __u32 addresses = 1;
/* The device that generated frames leave by. */
const volatile __u32 target = 0;

/* How many sources, so far apart from the first on, and how many destinations scanned frames have; one of them: the frame's own. */
const volatile __u32 source = 0x0a000000;
const volatile __u32 sources = 1;
const volatile __u32 stride = 1;
const volatile __u32 destination = 0xac000000;
const volatile __u32 destinations = 1;

/* 0 -> the program that a varied packet is handed to */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} next_xdp SEC(".maps"), next_tc SEC(".maps");

static __always_inline bool vary(void *data, void *end, __u32 number)
{
	__be32 *address = data + (address_offset & 63);

	if ((void *)(address + 1) > end)
		return false;
	*address = bpf_htonl(0x64400000 + number % addresses);
	return true;
}

SEC("xdp.frags")
int empty_xdp(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("xdp.frags")
int drop_xdp(struct xdp_md *ctx)
{
	return XDP_DROP;
}

SEC("tc")
int empty_tc(struct __sk_buff *skb)
{
	return -1;
}

SEC("xdp.frags")
int vary_xdp(struct xdp_md *ctx)
{
	if (vary((void *)(long)ctx->data, (void *)(long)ctx->data_end, bpf_get_prandom_u32()))
		bpf_tail_call(ctx, &next_xdp, 0);
	return XDP_ABORTED;
}

SEC("tc")
int vary_tc(struct __sk_buff *skb)
{
	if (vary((void *)(long)skb->data, (void *)(long)skb->data_end, bpf_get_prandom_u32()))
		bpf_tail_call(skb, &next_tc, 0);
	return 1;
}

__u32 generated;

/* An odd factor leads through all addresses, of which there is a power of two, before one comes again. */
#define SCATTER 0x9e3779b1

SEC("xdp")
int generate(struct xdp_md *ctx)
{
	__u32 number = __sync_fetch_and_add(&generated, 1) * SCATTER;

	if (!vary((void *)(long)ctx->data, (void *)(long)ctx->data_end, number))
		return XDP_ABORTED;
	return bpf_redirect(target, 0);
}

/* A new value of so many bits at the same place: the sum of the IP header is kept true. */
static __always_inline void set_address(struct iphdr *ip, __be32 *address, __be32 value)
{
	__u32 sum = (__u16)~ip->check;

	sum += (__u16)~*address + (__u16)~(*address >> 16) + (__u16)value + (__u16)(value >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	ip->check = ~sum;
	*address = value;
}

/* UDP between any addresses below source and destination, to any port: true frames, which the kernel's own stack takes in. */
SEC("xdp")
int scan(struct xdp_md *ctx)
{
	struct ethhdr *ethernet = (void *)(long)ctx->data;
	struct iphdr *ip = (void *)(ethernet + 1);
	struct udphdr *udp = (void *)(ip + 1);

	if ((void *)(udp + 1) > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	if (sources > 1)
		set_address(ip, &ip->saddr, bpf_htonl(source + bpf_get_prandom_u32() % sources * stride));
	if (destinations > 1) {
		set_address(ip, &ip->daddr, bpf_htonl(destination + bpf_get_prandom_u32() % destinations));
		udp->dest = bpf_get_prandom_u32();
	}
	return bpf_redirect(target, 0);
}

char LICENSE[] SEC("license") = "Apache-2.0";
