/** Written by agent/setup/generate-validators.ts with ajv. The schema is that of agent/explain/policy-test/schema.ts. */

export function validators(formats) {
const schema11 = {"type":"object","additionalProperties":false,"required":["policy"],"properties":{"policy":{"type":"string"},"host":{"type":"object","additionalProperties":false,"properties":{"addresses":{"type":"array","maxItems":1000,"items":{"type":"string"}},"tunnels":{"type":"array","maxItems":1000,"items":{"type":"object","additionalProperties":false,"required":["kind"],"properties":{"kind":{"enum":["vxlan","geneve","gre","ipip"]},"id":{"type":"integer","minimum":0,"maximum":4294967295},"local":{"type":"string"},"remote":{"type":"string"},"port":{"type":"integer","minimum":1,"maximum":65535}}}}}},"cases":{"type":"array","maxItems":10000,"items":{"type":"object","additionalProperties":false,"required":["name","packet","expect"],"properties":{"name":{"type":"string"},"packet":{"type":"object","additionalProperties":false,"required":["src","dst","proto"],"properties":{"in":{"type":"string","format":"interface"},"out":{"type":"string","format":"interface"},"forwarded":{"type":"boolean"},"src":{"type":"string"},"dst":{"type":"string"},"proto":{"type":["string","integer"],"format":"protocol","minimum":0,"maximum":255},"sport":{"type":"integer","minimum":0,"maximum":65535},"dport":{"type":"integer","minimum":0,"maximum":65535},"flags":{"type":"array","items":{"enum":["fin","syn","rst","psh","ack","urg","ece","cwr"]}},"icmp":{"type":["string","integer","object"],"additionalProperties":false,"minimum":0,"maximum":255,"required":["type"],"properties":{"type":{"type":["string","integer"],"minimum":0,"maximum":255},"code":{"type":["string","integer"],"minimum":0,"maximum":255}}},"vlan":{"type":"integer","minimum":0,"maximum":4094},"process":{"type":"object","additionalProperties":false,"minProperties":1,"properties":{"executable":{"type":"string","format":"process_pattern"},"command":{"type":"string","format":"process_pattern"},"user":{"type":["string","integer"],"format":"process_pattern","minimum":0,"maximum":4294967294},"parent":{"type":["string","array"],"format":"process_pattern","items":{"type":"string","format":"process_pattern"}},"container":{"type":"string","format":"process_pattern"},"unit":{"type":"string","format":"process_pattern"},"pod":{"type":"string","format":"process_pattern"},"namespace":{"type":"string","format":"process_pattern"}}},"no_process":{"type":"boolean"}}},"expect":{"enum":["allow","block","undecided"]},"rule":{"type":"string"},"staged":{"type":"string"}}}},"pcaps":{"type":"array","maxItems":1000,"items":{"type":"object","additionalProperties":false,"required":["file","expect"],"properties":{"name":{"type":"string"},"file":{"type":"string"},"frame":{"type":"integer","minimum":1,"maximum":1000000},"local":{"type":"array","items":{"type":"string","format":"network"}},"in":{"type":"string","format":"interface"},"out":{"type":"string","format":"interface"},"forwarded":{"type":"boolean"},"expect":{"enum":["allow","block","undecided"]},"rule":{"type":"string"},"staged":{"type":"string"}}}}}};
const func2 = Object.prototype.hasOwnProperty;
const formats0 = formats.interface;
const formats4 = formats.protocol;
const formats6 = formats.process_pattern;
const formats24 = formats.network;
function validate10(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(data && typeof data == "object" && !Array.isArray(data)){
if(data.policy === undefined){
(vErrors ??= []).push({instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: "policy"}});
errors++;
}
for(const key0 in data){
if(errors >= 1000){break;}
if(!((((key0 === "policy") || (key0 === "host")) || (key0 === "cases")) || (key0 === "pcaps"))){
(vErrors ??= []).push({instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0}});
errors++;
}
}
if(data.policy !== undefined){
if(typeof data.policy !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/policy",schemaPath:"#/properties/policy/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
if(data.host !== undefined){
let data1 = data.host;
if(data1 && typeof data1 == "object" && !Array.isArray(data1)){
for(const key1 in data1){
if(errors >= 1000){break;}
if(!((key1 === "addresses") || (key1 === "tunnels"))){
(vErrors ??= []).push({instancePath:instancePath+"/host",schemaPath:"#/properties/host/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key1}});
errors++;
}
}
if(data1.addresses !== undefined){
let data2 = data1.addresses;
if(Array.isArray(data2)){
if(data2.length > 1000){
(vErrors ??= []).push({instancePath:instancePath+"/host/addresses",schemaPath:"#/properties/host/properties/addresses/maxItems",keyword:"maxItems",params:{limit: 1000}});
errors++;
}
const len0 = data2.length;
for(let i0=0; i0<len0; i0++){
if(errors >= 1000){break;}
if(typeof data2[i0] !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/host/addresses/" + i0,schemaPath:"#/properties/host/properties/addresses/items/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/host/addresses",schemaPath:"#/properties/host/properties/addresses/type",keyword:"type",params:{type: "array"}});
errors++;
}
}
if(data1.tunnels !== undefined){
let data4 = data1.tunnels;
if(Array.isArray(data4)){
if(data4.length > 1000){
(vErrors ??= []).push({instancePath:instancePath+"/host/tunnels",schemaPath:"#/properties/host/properties/tunnels/maxItems",keyword:"maxItems",params:{limit: 1000}});
errors++;
}
const len1 = data4.length;
for(let i1=0; i1<len1; i1++){
if(errors >= 1000){break;}
let data5 = data4[i1];
if(data5 && typeof data5 == "object" && !Array.isArray(data5)){
if(data5.kind === undefined){
(vErrors ??= []).push({instancePath:instancePath+"/host/tunnels/" + i1,schemaPath:"#/properties/host/properties/tunnels/items/required",keyword:"required",params:{missingProperty: "kind"}});
errors++;
}
for(const key2 in data5){
if(errors >= 1000){break;}
if(!(((((key2 === "kind") || (key2 === "id")) || (key2 === "local")) || (key2 === "remote")) || (key2 === "port"))){
(vErrors ??= []).push({instancePath:instancePath+"/host/tunnels/" + i1,schemaPath:"#/properties/host/properties/tunnels/items/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key2}});
errors++;
}
}
if(data5.kind !== undefined){
let data6 = data5.kind;
if(!((((data6 === "vxlan") || (data6 === "geneve")) || (data6 === "gre")) || (data6 === "ipip"))){
(vErrors ??= []).push({instancePath:instancePath+"/host/tunnels/" + i1+"/kind",schemaPath:"#/properties/host/properties/tunnels/items/properties/kind/enum",keyword:"enum",params:{allowedValues: schema11.properties.host.properties.tunnels.items.properties.kind.enum}});
errors++;
}
}
if(data5.id !== undefined){
let data7 = data5.id;
if(!(((typeof data7 == "number") && (!(data7 % 1) && !isNaN(data7))) && (isFinite(data7)))){
(vErrors ??= []).push({instancePath:instancePath+"/host/tunnels/" + i1+"/id",schemaPath:"#/properties/host/properties/tunnels/items/properties/id/type",keyword:"type",params:{type: "integer"}});
errors++;
}
if((typeof data7 == "number") && (isFinite(data7))){
if(data7 > 4294967295 || isNaN(data7)){
(vErrors ??= []).push({instancePath:instancePath+"/host/tunnels/" + i1+"/id",schemaPath:"#/properties/host/properties/tunnels/items/properties/id/maximum",keyword:"maximum",params:{comparison: "<=", limit: 4294967295}});
errors++;
}
if(data7 < 0 || isNaN(data7)){
(vErrors ??= []).push({instancePath:instancePath+"/host/tunnels/" + i1+"/id",schemaPath:"#/properties/host/properties/tunnels/items/properties/id/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0}});
errors++;
}
}
}
if(data5.local !== undefined){
if(typeof data5.local !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/host/tunnels/" + i1+"/local",schemaPath:"#/properties/host/properties/tunnels/items/properties/local/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
if(data5.remote !== undefined){
if(typeof data5.remote !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/host/tunnels/" + i1+"/remote",schemaPath:"#/properties/host/properties/tunnels/items/properties/remote/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
if(data5.port !== undefined){
let data10 = data5.port;
if(!(((typeof data10 == "number") && (!(data10 % 1) && !isNaN(data10))) && (isFinite(data10)))){
(vErrors ??= []).push({instancePath:instancePath+"/host/tunnels/" + i1+"/port",schemaPath:"#/properties/host/properties/tunnels/items/properties/port/type",keyword:"type",params:{type: "integer"}});
errors++;
}
if((typeof data10 == "number") && (isFinite(data10))){
if(data10 > 65535 || isNaN(data10)){
(vErrors ??= []).push({instancePath:instancePath+"/host/tunnels/" + i1+"/port",schemaPath:"#/properties/host/properties/tunnels/items/properties/port/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65535}});
errors++;
}
if(data10 < 1 || isNaN(data10)){
(vErrors ??= []).push({instancePath:instancePath+"/host/tunnels/" + i1+"/port",schemaPath:"#/properties/host/properties/tunnels/items/properties/port/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1}});
errors++;
}
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/host/tunnels/" + i1,schemaPath:"#/properties/host/properties/tunnels/items/type",keyword:"type",params:{type: "object"}});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/host/tunnels",schemaPath:"#/properties/host/properties/tunnels/type",keyword:"type",params:{type: "array"}});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/host",schemaPath:"#/properties/host/type",keyword:"type",params:{type: "object"}});
errors++;
}
}
if(data.cases !== undefined){
let data11 = data.cases;
if(Array.isArray(data11)){
if(data11.length > 10000){
(vErrors ??= []).push({instancePath:instancePath+"/cases",schemaPath:"#/properties/cases/maxItems",keyword:"maxItems",params:{limit: 10000}});
errors++;
}
const len2 = data11.length;
for(let i2=0; i2<len2; i2++){
if(errors >= 1000){break;}
let data12 = data11[i2];
if(data12 && typeof data12 == "object" && !Array.isArray(data12)){
if(data12.name === undefined){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2,schemaPath:"#/properties/cases/items/required",keyword:"required",params:{missingProperty: "name"}});
errors++;
}
if(data12.packet === undefined){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2,schemaPath:"#/properties/cases/items/required",keyword:"required",params:{missingProperty: "packet"}});
errors++;
}
if(data12.expect === undefined){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2,schemaPath:"#/properties/cases/items/required",keyword:"required",params:{missingProperty: "expect"}});
errors++;
}
for(const key3 in data12){
if(errors >= 1000){break;}
if(!(((((key3 === "name") || (key3 === "packet")) || (key3 === "expect")) || (key3 === "rule")) || (key3 === "staged"))){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2,schemaPath:"#/properties/cases/items/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key3}});
errors++;
}
}
if(data12.name !== undefined){
if(typeof data12.name !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/name",schemaPath:"#/properties/cases/items/properties/name/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
if(data12.packet !== undefined){
let data14 = data12.packet;
if(data14 && typeof data14 == "object" && !Array.isArray(data14)){
if(data14.src === undefined){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet",schemaPath:"#/properties/cases/items/properties/packet/required",keyword:"required",params:{missingProperty: "src"}});
errors++;
}
if(data14.dst === undefined){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet",schemaPath:"#/properties/cases/items/properties/packet/required",keyword:"required",params:{missingProperty: "dst"}});
errors++;
}
if(data14.proto === undefined){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet",schemaPath:"#/properties/cases/items/properties/packet/required",keyword:"required",params:{missingProperty: "proto"}});
errors++;
}
for(const key4 in data14){
if(errors >= 1000){break;}
if(!(func2.call(schema11.properties.cases.items.properties.packet.properties, key4))){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet",schemaPath:"#/properties/cases/items/properties/packet/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key4}});
errors++;
}
}
if(data14.in !== undefined){
let data15 = data14.in;
if(typeof data15 === "string"){
if(!(formats0(data15))){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/in",schemaPath:"#/properties/cases/items/properties/packet/properties/in/format",keyword:"format",params:{format: "interface"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/in",schemaPath:"#/properties/cases/items/properties/packet/properties/in/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
if(data14.out !== undefined){
let data16 = data14.out;
if(typeof data16 === "string"){
if(!(formats0(data16))){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/out",schemaPath:"#/properties/cases/items/properties/packet/properties/out/format",keyword:"format",params:{format: "interface"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/out",schemaPath:"#/properties/cases/items/properties/packet/properties/out/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
if(data14.forwarded !== undefined){
if(typeof data14.forwarded !== "boolean"){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/forwarded",schemaPath:"#/properties/cases/items/properties/packet/properties/forwarded/type",keyword:"type",params:{type: "boolean"}});
errors++;
}
}
if(data14.src !== undefined){
if(typeof data14.src !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/src",schemaPath:"#/properties/cases/items/properties/packet/properties/src/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
if(data14.dst !== undefined){
if(typeof data14.dst !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/dst",schemaPath:"#/properties/cases/items/properties/packet/properties/dst/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
if(data14.proto !== undefined){
let data20 = data14.proto;
if((typeof data20 !== "string") && (!(((typeof data20 == "number") && (!(data20 % 1) && !isNaN(data20))) && (isFinite(data20))))){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/proto",schemaPath:"#/properties/cases/items/properties/packet/properties/proto/type",keyword:"type",params:{type: schema11.properties.cases.items.properties.packet.properties.proto.type}});
errors++;
}
if((typeof data20 == "number") && (isFinite(data20))){
if(data20 > 255 || isNaN(data20)){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/proto",schemaPath:"#/properties/cases/items/properties/packet/properties/proto/maximum",keyword:"maximum",params:{comparison: "<=", limit: 255}});
errors++;
}
if(data20 < 0 || isNaN(data20)){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/proto",schemaPath:"#/properties/cases/items/properties/packet/properties/proto/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0}});
errors++;
}
}
if(typeof data20 === "string"){
if(!(formats4(data20))){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/proto",schemaPath:"#/properties/cases/items/properties/packet/properties/proto/format",keyword:"format",params:{format: "protocol"}});
errors++;
}
}
}
if(data14.sport !== undefined){
let data21 = data14.sport;
if(!(((typeof data21 == "number") && (!(data21 % 1) && !isNaN(data21))) && (isFinite(data21)))){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/sport",schemaPath:"#/properties/cases/items/properties/packet/properties/sport/type",keyword:"type",params:{type: "integer"}});
errors++;
}
if((typeof data21 == "number") && (isFinite(data21))){
if(data21 > 65535 || isNaN(data21)){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/sport",schemaPath:"#/properties/cases/items/properties/packet/properties/sport/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65535}});
errors++;
}
if(data21 < 0 || isNaN(data21)){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/sport",schemaPath:"#/properties/cases/items/properties/packet/properties/sport/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0}});
errors++;
}
}
}
if(data14.dport !== undefined){
let data22 = data14.dport;
if(!(((typeof data22 == "number") && (!(data22 % 1) && !isNaN(data22))) && (isFinite(data22)))){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/dport",schemaPath:"#/properties/cases/items/properties/packet/properties/dport/type",keyword:"type",params:{type: "integer"}});
errors++;
}
if((typeof data22 == "number") && (isFinite(data22))){
if(data22 > 65535 || isNaN(data22)){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/dport",schemaPath:"#/properties/cases/items/properties/packet/properties/dport/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65535}});
errors++;
}
if(data22 < 0 || isNaN(data22)){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/dport",schemaPath:"#/properties/cases/items/properties/packet/properties/dport/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0}});
errors++;
}
}
}
if(data14.flags !== undefined){
let data23 = data14.flags;
if(Array.isArray(data23)){
const len3 = data23.length;
for(let i3=0; i3<len3; i3++){
if(errors >= 1000){break;}
let data24 = data23[i3];
if(!((((((((data24 === "fin") || (data24 === "syn")) || (data24 === "rst")) || (data24 === "psh")) || (data24 === "ack")) || (data24 === "urg")) || (data24 === "ece")) || (data24 === "cwr"))){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/flags/" + i3,schemaPath:"#/properties/cases/items/properties/packet/properties/flags/items/enum",keyword:"enum",params:{allowedValues: schema11.properties.cases.items.properties.packet.properties.flags.items.enum}});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/flags",schemaPath:"#/properties/cases/items/properties/packet/properties/flags/type",keyword:"type",params:{type: "array"}});
errors++;
}
}
if(data14.icmp !== undefined){
let data25 = data14.icmp;
if(((typeof data25 !== "string") && (!(((typeof data25 == "number") && (!(data25 % 1) && !isNaN(data25))) && (isFinite(data25))))) && (!(data25 && typeof data25 == "object" && !Array.isArray(data25)))){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/icmp",schemaPath:"#/properties/cases/items/properties/packet/properties/icmp/type",keyword:"type",params:{type: schema11.properties.cases.items.properties.packet.properties.icmp.type}});
errors++;
}
if((typeof data25 == "number") && (isFinite(data25))){
if(data25 > 255 || isNaN(data25)){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/icmp",schemaPath:"#/properties/cases/items/properties/packet/properties/icmp/maximum",keyword:"maximum",params:{comparison: "<=", limit: 255}});
errors++;
}
if(data25 < 0 || isNaN(data25)){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/icmp",schemaPath:"#/properties/cases/items/properties/packet/properties/icmp/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0}});
errors++;
}
}
if(data25 && typeof data25 == "object" && !Array.isArray(data25)){
if(data25.type === undefined){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/icmp",schemaPath:"#/properties/cases/items/properties/packet/properties/icmp/required",keyword:"required",params:{missingProperty: "type"}});
errors++;
}
for(const key5 in data25){
if(errors >= 1000){break;}
if(!((key5 === "type") || (key5 === "code"))){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/icmp",schemaPath:"#/properties/cases/items/properties/packet/properties/icmp/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key5}});
errors++;
}
}
if(data25.type !== undefined){
let data26 = data25.type;
if((typeof data26 !== "string") && (!(((typeof data26 == "number") && (!(data26 % 1) && !isNaN(data26))) && (isFinite(data26))))){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/icmp/type",schemaPath:"#/properties/cases/items/properties/packet/properties/icmp/properties/type/type",keyword:"type",params:{type: schema11.properties.cases.items.properties.packet.properties.icmp.properties.type.type}});
errors++;
}
if((typeof data26 == "number") && (isFinite(data26))){
if(data26 > 255 || isNaN(data26)){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/icmp/type",schemaPath:"#/properties/cases/items/properties/packet/properties/icmp/properties/type/maximum",keyword:"maximum",params:{comparison: "<=", limit: 255}});
errors++;
}
if(data26 < 0 || isNaN(data26)){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/icmp/type",schemaPath:"#/properties/cases/items/properties/packet/properties/icmp/properties/type/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0}});
errors++;
}
}
}
if(data25.code !== undefined){
let data27 = data25.code;
if((typeof data27 !== "string") && (!(((typeof data27 == "number") && (!(data27 % 1) && !isNaN(data27))) && (isFinite(data27))))){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/icmp/code",schemaPath:"#/properties/cases/items/properties/packet/properties/icmp/properties/code/type",keyword:"type",params:{type: schema11.properties.cases.items.properties.packet.properties.icmp.properties.code.type}});
errors++;
}
if((typeof data27 == "number") && (isFinite(data27))){
if(data27 > 255 || isNaN(data27)){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/icmp/code",schemaPath:"#/properties/cases/items/properties/packet/properties/icmp/properties/code/maximum",keyword:"maximum",params:{comparison: "<=", limit: 255}});
errors++;
}
if(data27 < 0 || isNaN(data27)){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/icmp/code",schemaPath:"#/properties/cases/items/properties/packet/properties/icmp/properties/code/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0}});
errors++;
}
}
}
}
}
if(data14.vlan !== undefined){
let data28 = data14.vlan;
if(!(((typeof data28 == "number") && (!(data28 % 1) && !isNaN(data28))) && (isFinite(data28)))){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/vlan",schemaPath:"#/properties/cases/items/properties/packet/properties/vlan/type",keyword:"type",params:{type: "integer"}});
errors++;
}
if((typeof data28 == "number") && (isFinite(data28))){
if(data28 > 4094 || isNaN(data28)){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/vlan",schemaPath:"#/properties/cases/items/properties/packet/properties/vlan/maximum",keyword:"maximum",params:{comparison: "<=", limit: 4094}});
errors++;
}
if(data28 < 0 || isNaN(data28)){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/vlan",schemaPath:"#/properties/cases/items/properties/packet/properties/vlan/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0}});
errors++;
}
}
}
if(data14.process !== undefined){
let data29 = data14.process;
if(data29 && typeof data29 == "object" && !Array.isArray(data29) && Object.keys(data29).length < 1){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/process",schemaPath:"#/properties/cases/items/properties/packet/properties/process/minProperties",keyword:"minProperties",params:{limit: 1}});
errors++;
}
if(data29 && typeof data29 == "object" && !Array.isArray(data29)){
for(const key6 in data29){
if(errors >= 1000){break;}
if(!((((((((key6 === "executable") || (key6 === "command")) || (key6 === "user")) || (key6 === "parent")) || (key6 === "container")) || (key6 === "unit")) || (key6 === "pod")) || (key6 === "namespace"))){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/process",schemaPath:"#/properties/cases/items/properties/packet/properties/process/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key6}});
errors++;
}
}
if(data29.executable !== undefined){
let data30 = data29.executable;
if(typeof data30 === "string"){
if(!(formats6(data30))){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/process/executable",schemaPath:"#/properties/cases/items/properties/packet/properties/process/properties/executable/format",keyword:"format",params:{format: "process_pattern"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/process/executable",schemaPath:"#/properties/cases/items/properties/packet/properties/process/properties/executable/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
if(data29.command !== undefined){
let data31 = data29.command;
if(typeof data31 === "string"){
if(!(formats6(data31))){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/process/command",schemaPath:"#/properties/cases/items/properties/packet/properties/process/properties/command/format",keyword:"format",params:{format: "process_pattern"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/process/command",schemaPath:"#/properties/cases/items/properties/packet/properties/process/properties/command/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
if(data29.user !== undefined){
let data32 = data29.user;
if((typeof data32 !== "string") && (!(((typeof data32 == "number") && (!(data32 % 1) && !isNaN(data32))) && (isFinite(data32))))){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/process/user",schemaPath:"#/properties/cases/items/properties/packet/properties/process/properties/user/type",keyword:"type",params:{type: schema11.properties.cases.items.properties.packet.properties.process.properties.user.type}});
errors++;
}
if((typeof data32 == "number") && (isFinite(data32))){
if(data32 > 4294967294 || isNaN(data32)){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/process/user",schemaPath:"#/properties/cases/items/properties/packet/properties/process/properties/user/maximum",keyword:"maximum",params:{comparison: "<=", limit: 4294967294}});
errors++;
}
if(data32 < 0 || isNaN(data32)){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/process/user",schemaPath:"#/properties/cases/items/properties/packet/properties/process/properties/user/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0}});
errors++;
}
}
if(typeof data32 === "string"){
if(!(formats6(data32))){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/process/user",schemaPath:"#/properties/cases/items/properties/packet/properties/process/properties/user/format",keyword:"format",params:{format: "process_pattern"}});
errors++;
}
}
}
if(data29.parent !== undefined){
let data33 = data29.parent;
if((typeof data33 !== "string") && (!(Array.isArray(data33)))){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/process/parent",schemaPath:"#/properties/cases/items/properties/packet/properties/process/properties/parent/type",keyword:"type",params:{type: schema11.properties.cases.items.properties.packet.properties.process.properties.parent.type}});
errors++;
}
if(typeof data33 === "string"){
if(!(formats6(data33))){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/process/parent",schemaPath:"#/properties/cases/items/properties/packet/properties/process/properties/parent/format",keyword:"format",params:{format: "process_pattern"}});
errors++;
}
}
if(Array.isArray(data33)){
const len4 = data33.length;
for(let i4=0; i4<len4; i4++){
if(errors >= 1000){break;}
let data34 = data33[i4];
if(typeof data34 === "string"){
if(!(formats6(data34))){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/process/parent/" + i4,schemaPath:"#/properties/cases/items/properties/packet/properties/process/properties/parent/items/format",keyword:"format",params:{format: "process_pattern"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/process/parent/" + i4,schemaPath:"#/properties/cases/items/properties/packet/properties/process/properties/parent/items/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
}
}
if(data29.container !== undefined){
let data35 = data29.container;
if(typeof data35 === "string"){
if(!(formats6(data35))){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/process/container",schemaPath:"#/properties/cases/items/properties/packet/properties/process/properties/container/format",keyword:"format",params:{format: "process_pattern"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/process/container",schemaPath:"#/properties/cases/items/properties/packet/properties/process/properties/container/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
if(data29.unit !== undefined){
let data36 = data29.unit;
if(typeof data36 === "string"){
if(!(formats6(data36))){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/process/unit",schemaPath:"#/properties/cases/items/properties/packet/properties/process/properties/unit/format",keyword:"format",params:{format: "process_pattern"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/process/unit",schemaPath:"#/properties/cases/items/properties/packet/properties/process/properties/unit/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
if(data29.pod !== undefined){
let data37 = data29.pod;
if(typeof data37 === "string"){
if(!(formats6(data37))){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/process/pod",schemaPath:"#/properties/cases/items/properties/packet/properties/process/properties/pod/format",keyword:"format",params:{format: "process_pattern"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/process/pod",schemaPath:"#/properties/cases/items/properties/packet/properties/process/properties/pod/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
if(data29.namespace !== undefined){
let data38 = data29.namespace;
if(typeof data38 === "string"){
if(!(formats6(data38))){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/process/namespace",schemaPath:"#/properties/cases/items/properties/packet/properties/process/properties/namespace/format",keyword:"format",params:{format: "process_pattern"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/process/namespace",schemaPath:"#/properties/cases/items/properties/packet/properties/process/properties/namespace/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/process",schemaPath:"#/properties/cases/items/properties/packet/properties/process/type",keyword:"type",params:{type: "object"}});
errors++;
}
}
if(data14.no_process !== undefined){
if(typeof data14.no_process !== "boolean"){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet/no_process",schemaPath:"#/properties/cases/items/properties/packet/properties/no_process/type",keyword:"type",params:{type: "boolean"}});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/packet",schemaPath:"#/properties/cases/items/properties/packet/type",keyword:"type",params:{type: "object"}});
errors++;
}
}
if(data12.expect !== undefined){
let data40 = data12.expect;
if(!(((data40 === "allow") || (data40 === "block")) || (data40 === "undecided"))){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/expect",schemaPath:"#/properties/cases/items/properties/expect/enum",keyword:"enum",params:{allowedValues: schema11.properties.cases.items.properties.expect.enum}});
errors++;
}
}
if(data12.rule !== undefined){
if(typeof data12.rule !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/rule",schemaPath:"#/properties/cases/items/properties/rule/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
if(data12.staged !== undefined){
if(typeof data12.staged !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2+"/staged",schemaPath:"#/properties/cases/items/properties/staged/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/cases/" + i2,schemaPath:"#/properties/cases/items/type",keyword:"type",params:{type: "object"}});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/cases",schemaPath:"#/properties/cases/type",keyword:"type",params:{type: "array"}});
errors++;
}
}
if(data.pcaps !== undefined){
let data43 = data.pcaps;
if(Array.isArray(data43)){
if(data43.length > 1000){
(vErrors ??= []).push({instancePath:instancePath+"/pcaps",schemaPath:"#/properties/pcaps/maxItems",keyword:"maxItems",params:{limit: 1000}});
errors++;
}
const len5 = data43.length;
for(let i5=0; i5<len5; i5++){
if(errors >= 1000){break;}
let data44 = data43[i5];
if(data44 && typeof data44 == "object" && !Array.isArray(data44)){
if(data44.file === undefined){
(vErrors ??= []).push({instancePath:instancePath+"/pcaps/" + i5,schemaPath:"#/properties/pcaps/items/required",keyword:"required",params:{missingProperty: "file"}});
errors++;
}
if(data44.expect === undefined){
(vErrors ??= []).push({instancePath:instancePath+"/pcaps/" + i5,schemaPath:"#/properties/pcaps/items/required",keyword:"required",params:{missingProperty: "expect"}});
errors++;
}
for(const key7 in data44){
if(errors >= 1000){break;}
if(!(func2.call(schema11.properties.pcaps.items.properties, key7))){
(vErrors ??= []).push({instancePath:instancePath+"/pcaps/" + i5,schemaPath:"#/properties/pcaps/items/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key7}});
errors++;
}
}
if(data44.name !== undefined){
if(typeof data44.name !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/pcaps/" + i5+"/name",schemaPath:"#/properties/pcaps/items/properties/name/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
if(data44.file !== undefined){
if(typeof data44.file !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/pcaps/" + i5+"/file",schemaPath:"#/properties/pcaps/items/properties/file/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
if(data44.frame !== undefined){
let data47 = data44.frame;
if(!(((typeof data47 == "number") && (!(data47 % 1) && !isNaN(data47))) && (isFinite(data47)))){
(vErrors ??= []).push({instancePath:instancePath+"/pcaps/" + i5+"/frame",schemaPath:"#/properties/pcaps/items/properties/frame/type",keyword:"type",params:{type: "integer"}});
errors++;
}
if((typeof data47 == "number") && (isFinite(data47))){
if(data47 > 1000000 || isNaN(data47)){
(vErrors ??= []).push({instancePath:instancePath+"/pcaps/" + i5+"/frame",schemaPath:"#/properties/pcaps/items/properties/frame/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1000000}});
errors++;
}
if(data47 < 1 || isNaN(data47)){
(vErrors ??= []).push({instancePath:instancePath+"/pcaps/" + i5+"/frame",schemaPath:"#/properties/pcaps/items/properties/frame/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1}});
errors++;
}
}
}
if(data44.local !== undefined){
let data48 = data44.local;
if(Array.isArray(data48)){
const len6 = data48.length;
for(let i6=0; i6<len6; i6++){
if(errors >= 1000){break;}
let data49 = data48[i6];
if(typeof data49 === "string"){
if(!(formats24(data49))){
(vErrors ??= []).push({instancePath:instancePath+"/pcaps/" + i5+"/local/" + i6,schemaPath:"#/properties/pcaps/items/properties/local/items/format",keyword:"format",params:{format: "network"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/pcaps/" + i5+"/local/" + i6,schemaPath:"#/properties/pcaps/items/properties/local/items/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/pcaps/" + i5+"/local",schemaPath:"#/properties/pcaps/items/properties/local/type",keyword:"type",params:{type: "array"}});
errors++;
}
}
if(data44.in !== undefined){
let data50 = data44.in;
if(typeof data50 === "string"){
if(!(formats0(data50))){
(vErrors ??= []).push({instancePath:instancePath+"/pcaps/" + i5+"/in",schemaPath:"#/properties/pcaps/items/properties/in/format",keyword:"format",params:{format: "interface"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/pcaps/" + i5+"/in",schemaPath:"#/properties/pcaps/items/properties/in/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
if(data44.out !== undefined){
let data51 = data44.out;
if(typeof data51 === "string"){
if(!(formats0(data51))){
(vErrors ??= []).push({instancePath:instancePath+"/pcaps/" + i5+"/out",schemaPath:"#/properties/pcaps/items/properties/out/format",keyword:"format",params:{format: "interface"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/pcaps/" + i5+"/out",schemaPath:"#/properties/pcaps/items/properties/out/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
if(data44.forwarded !== undefined){
if(typeof data44.forwarded !== "boolean"){
(vErrors ??= []).push({instancePath:instancePath+"/pcaps/" + i5+"/forwarded",schemaPath:"#/properties/pcaps/items/properties/forwarded/type",keyword:"type",params:{type: "boolean"}});
errors++;
}
}
if(data44.expect !== undefined){
let data53 = data44.expect;
if(!(((data53 === "allow") || (data53 === "block")) || (data53 === "undecided"))){
(vErrors ??= []).push({instancePath:instancePath+"/pcaps/" + i5+"/expect",schemaPath:"#/properties/pcaps/items/properties/expect/enum",keyword:"enum",params:{allowedValues: schema11.properties.pcaps.items.properties.expect.enum}});
errors++;
}
}
if(data44.rule !== undefined){
if(typeof data44.rule !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/pcaps/" + i5+"/rule",schemaPath:"#/properties/pcaps/items/properties/rule/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
if(data44.staged !== undefined){
if(typeof data44.staged !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/pcaps/" + i5+"/staged",schemaPath:"#/properties/pcaps/items/properties/staged/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/pcaps/" + i5,schemaPath:"#/properties/pcaps/items/type",keyword:"type",params:{type: "object"}});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/pcaps",schemaPath:"#/properties/pcaps/type",keyword:"type",params:{type: "array"}});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"}});
errors++;
}
validate10.errors = vErrors;
return errors === 0;
}
return { testFile: validate10 };
}
