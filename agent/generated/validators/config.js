/** Written by agent/setup/generate-validators.ts with ajv. The schemas are those of config/schema.json. */

export function validators(formats) {
const schema11 = {"type":"object","additionalProperties":false,"required":["version"],"properties":{"version":{"const":1},"mode":{"enum":["detect","prevent"],"default":"detect"},"interfaces":{"type":"object","additionalProperties":false,"default":{},"properties":{"include":{"$ref":"#/definitions/interface_patterns","minItems":1,"default":["*"]},"exclude":{"$ref":"#/definitions/interface_patterns","default":["lo"]},"ingress":{"$ref":"#/definitions/ingress_hook","default":"auto"},"egress":{"type":"boolean","default":true},"offload":{"type":"boolean","default":false},"overrides":{"type":"array","maxItems":256,"default":[],"items":{"type":"object","additionalProperties":false,"required":["name","ingress"],"properties":{"name":{"type":"string","format":"interface"},"ingress":{"$ref":"#/definitions/ingress_hook"}}}}}},"defaults":{"type":"object","additionalProperties":false,"default":{},"properties":{"action":{"$ref":"#/definitions/action","default":"allow"},"on_error":{"type":"object","additionalProperties":false,"default":{},"properties":{"ingress":{"$ref":"#/definitions/action","default":"allow"},"egress":{"$ref":"#/definitions/action","default":"allow"}}}}},"failsafe":{"type":"object","additionalProperties":false,"default":{},"properties":{"management_ports":{"type":"array","maxItems":16,"uniqueItems":true,"default":[22],"items":{"type":"integer","minimum":1,"maximum":65535}},"addresses":{"$ref":"#/definitions/networks","maxItems":32,"default":[]}}},"bans":{"type":"object","additionalProperties":false,"default":{},"properties":{"except":{"$ref":"#/definitions/networks","maxItems":32,"default":[]}}},"sets":{"type":"object","maxProperties":256,"propertyNames":{"format":"set_name"},"additionalProperties":{"$ref":"#/definitions/set"},"default":{}},"inspect_tunnels":{"type":"boolean","default":true},"packet_sockets":{"enum":["report","refuse"],"default":"report"},"probes":{"type":"object","additionalProperties":false,"default":{},"properties":{"system_calls":{"enum":["on","off","auto"],"default":"auto"}}},"events_per_second":{"type":"integer","minimum":1,"maximum":1000000,"default":1000},"rules":{"type":"array","default":[]},"logging":{"type":"object","additionalProperties":false,"default":{},"properties":{"level":{"enum":["trace","debug","info","warn","error"],"default":"info"},"format":{"enum":["pretty","json"],"default":"pretty"}}},"audit":{"type":"object","additionalProperties":false,"default":{},"properties":{"path":{"type":"string","format":"path","default":"/var/log/weir/audit.log"},"rotate":{"type":"object","additionalProperties":false,"default":{},"properties":{"size":{"type":["integer","string"],"minimum":64000,"maximum":1000000000000,"format":"size","default":"100MB"},"keep":{"type":"integer","minimum":1,"maximum":1000,"default":10}}},"actions":{"type":"object","additionalProperties":false,"default":{},"properties":{"size":{"type":["integer","string"],"minimum":64000,"maximum":1000000000000,"format":"size","default":"10MB"},"keep":{"type":"integer","minimum":1,"maximum":1000,"default":50}}},"on_full":{"enum":["degrade"],"default":"degrade"}}},"otel":{"type":"object","additionalProperties":false,"default":{},"properties":{"endpoint":{"type":"string","format":"endpoint"},"traces":{"type":"boolean","default":true},"metrics":{"type":"boolean","default":true},"logs":{"type":"boolean","default":true},"resource":{"type":"object","maxProperties":64,"propertyNames":{"format":"attribute_name"},"additionalProperties":{"type":"string","format":"text"},"default":{}}}},"state_dir":{"type":"string","format":"path","default":"/var/lib/weir"},"hand_over_for":{"type":"string","format":"hand_over","default":"120s"},"control_socket":{"type":"string","format":"socket_path","default":"/run/weir/control.sock"}},"definitions":{"action":{"enum":["allow","block"]},"ingress_hook":{"enum":["auto","xdp","tcx"]},"interface_patterns":{"type":"array","maxItems":256,"items":{"type":"string","format":"interface"}},"networks":{"type":"array","items":{"type":"string","format":"network"}},"ports":{"type":"array","items":{"type":["integer","string"],"minimum":0,"maximum":65535,"format":"ports"}},"set":{"type":"object","additionalProperties":false,"properties":{"addresses":{"$ref":"#/definitions/networks"},"ports":{"$ref":"#/definitions/ports","minItems":1},"file":{"type":"string","format":"file"},"ttl":{"type":"string","format":"duration"}}},"rule":{"type":"object","additionalProperties":false,"required":["name","action"],"properties":{"name":{"type":"string","format":"rule_name"},"description":{"type":"string","format":"text"},"action":{"$ref":"#/definitions/action"},"enforce":{"type":"boolean","default":false},"reject":{"type":"boolean"},"direction":{"enum":["ingress","egress","both"],"default":"both"},"interfaces":{"$ref":"#/definitions/interface_patterns"},"schedule":{"type":"array","maxItems":4,"items":{"type":"object","additionalProperties":false,"minProperties":1,"properties":{"days":{"type":"array","minItems":1,"uniqueItems":true,"items":{"type":"string","enum":["mon","tue","wed","thu","fri","sat","sun"]},"default":["mon","tue","wed","thu","fri","sat","sun"]},"from":{"type":"string","format":"time_of_day","default":"00:00"},"to":{"type":"string","format":"time_of_day","default":"24:00"}}}},"expires":{"type":"string","format":"moment"},"layer2":{"type":"object","additionalProperties":false,"properties":{"vlan":{"type":"array","maxItems":8,"uniqueItems":true,"items":{"type":["integer","string"],"minimum":1,"maximum":4094,"format":"vlan"}}}},"layer3":{"type":"object","additionalProperties":false,"properties":{"source":{"type":"array","items":{"type":"string","format":"network_or_set"}},"destination":{"type":"array","items":{"type":"string","format":"network_or_set"}},"dscp":{"type":"array","uniqueItems":true,"items":{"type":["integer","string"],"minimum":0,"maximum":63,"format":"dscp"}}}},"layer4":{"type":"object","additionalProperties":false,"properties":{"protocol":{"type":["integer","string"],"minimum":0,"maximum":255,"format":"protocol"},"source_ports":{"type":"array","items":{"type":["integer","string"],"minimum":0,"maximum":65535,"format":"ports_or_set"}},"destination_ports":{"type":"array","items":{"type":["integer","string"],"minimum":0,"maximum":65535,"format":"ports_or_set"}},"icmp":{"type":"array","items":{"type":"object","additionalProperties":false,"required":["type"],"properties":{"type":{"type":["integer","string"],"minimum":0,"maximum":255},"code":{"type":["integer","string"],"minimum":0,"maximum":255}}}},"flags":{"type":"object","additionalProperties":false,"minProperties":1,"properties":{"set":{"type":"array","uniqueItems":true,"items":{"type":"string","enum":["fin","syn","rst","psh","ack","urg","ece","cwr"]}},"unset":{"type":"array","uniqueItems":true,"items":{"type":"string","enum":["fin","syn","rst","psh","ack","urg","ece","cwr"]}}}},"state":{"type":"array","uniqueItems":true,"items":{"type":"string","enum":["new","established","related","invalid"]}},"over_rate":{"type":["string","object"],"format":"rate","additionalProperties":false,"required":["rate"],"properties":{"rate":{"type":"string","format":"rate"},"burst":{"type":"integer","minimum":1,"maximum":10000000},"by":{"enum":["source","destination","rule"],"default":"source"},"per":{"enum":["packet","connection"],"default":"packet"}}},"connections_over":{"type":["integer","object"],"minimum":1,"maximum":10000000,"additionalProperties":false,"required":["count"],"properties":{"count":{"type":"integer","minimum":1,"maximum":10000000},"by":{"enum":["source","destination","rule"],"default":"source"}}},"connection_duration":{"type":"object","additionalProperties":false,"minProperties":1,"properties":{"longer_than":{"type":"string","format":"duration"},"shorter_than":{"type":"string","format":"duration"}}}}},"process":{"type":"object","additionalProperties":false,"minProperties":1,"properties":{"executable":{"type":["string","array"],"format":"executable_pattern","minItems":1,"maxItems":256,"items":{"type":"string","format":"executable_pattern"}},"command":{"type":["string","array"],"format":"process_pattern","minItems":1,"maxItems":256,"items":{"type":"string","format":"process_pattern"}},"user":{"type":["string","integer","array"],"format":"process_pattern","minimum":0,"maximum":4294967294,"minItems":1,"maxItems":256,"items":{"type":["string","integer"],"format":"process_pattern","minimum":0,"maximum":4294967294}},"parent":{"type":["string","array"],"format":"executable_pattern","minItems":1,"maxItems":256,"items":{"type":"string","format":"executable_pattern"}},"container":{"type":["string","array"],"format":"process_pattern","minItems":1,"maxItems":256,"items":{"type":"string","format":"process_pattern"}},"unit":{"type":["string","array"],"format":"process_pattern","minItems":1,"maxItems":256,"items":{"type":"string","format":"process_pattern"}},"pod":{"type":["string","array"],"format":"process_pattern","minItems":1,"maxItems":256,"items":{"type":"string","format":"process_pattern"}},"namespace":{"type":["string","array"],"format":"process_pattern","minItems":1,"maxItems":256,"items":{"type":"string","format":"process_pattern"}}}},"not":{"type":"object","additionalProperties":false,"properties":{"interfaces":{"$ref":"#/definitions/interface_patterns"},"layer3":{"type":"object","additionalProperties":false,"properties":{"source":{"$ref":"#/definitions/networks"},"destination":{"$ref":"#/definitions/networks"}}},"layer4":{"type":"object","additionalProperties":false,"properties":{"protocol":{"type":["integer","string"],"minimum":0,"maximum":255,"format":"protocol"},"source_ports":{"type":"array","items":{"type":["integer","string"],"minimum":0,"maximum":65535,"format":"ports_or_set"}},"destination_ports":{"type":"array","items":{"type":["integer","string"],"minimum":0,"maximum":65535,"format":"ports_or_set"}},"icmp":{"type":"array","items":{"type":"object","additionalProperties":false,"required":["type"],"properties":{"type":{"type":["integer","string"],"minimum":0,"maximum":255},"code":{"type":["integer","string"],"minimum":0,"maximum":255}}}}}},"process":{"type":"object","additionalProperties":false,"minProperties":1,"properties":{"executable":{"type":["string","array"],"format":"executable_pattern","minItems":1,"maxItems":256,"items":{"type":"string","format":"executable_pattern"}},"command":{"type":["string","array"],"format":"process_pattern","minItems":1,"maxItems":256,"items":{"type":"string","format":"process_pattern"}},"user":{"type":["string","integer","array"],"format":"process_pattern","minimum":0,"maximum":4294967294,"minItems":1,"maxItems":256,"items":{"type":["string","integer"],"format":"process_pattern","minimum":0,"maximum":4294967294}},"parent":{"type":["string","array"],"format":"executable_pattern","minItems":1,"maxItems":256,"items":{"type":"string","format":"executable_pattern"}},"container":{"type":["string","array"],"format":"process_pattern","minItems":1,"maxItems":256,"items":{"type":"string","format":"process_pattern"}},"unit":{"type":["string","array"],"format":"process_pattern","minItems":1,"maxItems":256,"items":{"type":"string","format":"process_pattern"}},"pod":{"type":["string","array"],"format":"process_pattern","minItems":1,"maxItems":256,"items":{"type":"string","format":"process_pattern"}},"namespace":{"type":["string","array"],"format":"process_pattern","minItems":1,"maxItems":256,"items":{"type":"string","format":"process_pattern"}}}}}}}}}};
const schema14 = {"enum":["auto","xdp","tcx"]};
const schema16 = {"enum":["allow","block"]};
const func2 = Object.prototype.hasOwnProperty;
const formats0 = formats.interface;
const formats6 = formats.network;
const formats10 = formats.set_name;
const formats20 = formats.path;
const formats22 = formats.size;
const formats26 = formats.endpoint;
const formats28 = formats.attribute_name;
const formats30 = formats.text;
const formats34 = formats.hand_over;
const formats36 = formats.socket_path;
const schema23 = {"type":"array","items":{"type":["integer","string"],"minimum":0,"maximum":65535,"format":"ports"}};
const formats14 = formats.ports;
const formats16 = formats.file;
const formats18 = formats.duration;
function validate11(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(data && typeof data == "object" && !Array.isArray(data)){
for(const key0 in data){
if(errors >= 1000){break;}
if(!((((key0 === "addresses") || (key0 === "ports")) || (key0 === "file")) || (key0 === "ttl"))){
(vErrors ??= []).push({instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0}});
errors++;
}
}
if(data.addresses !== undefined){
let data0 = data.addresses;
if(Array.isArray(data0)){
const len0 = data0.length;
for(let i0=0; i0<len0; i0++){
if(errors >= 1000){break;}
let data1 = data0[i0];
if(typeof data1 === "string"){
if(!(formats6(data1))){
(vErrors ??= []).push({instancePath:instancePath+"/addresses/" + i0,schemaPath:"#/definitions/networks/items/format",keyword:"format",params:{format: "network"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/addresses/" + i0,schemaPath:"#/definitions/networks/items/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/addresses",schemaPath:"#/definitions/networks/type",keyword:"type",params:{type: "array"}});
errors++;
}
}
if(data.ports !== undefined){
let data2 = data.ports;
if(Array.isArray(data2)){
const len1 = data2.length;
for(let i1=0; i1<len1; i1++){
if(errors >= 1000){break;}
let data3 = data2[i1];
if((!(((typeof data3 == "number") && (!(data3 % 1) && !isNaN(data3))) && (isFinite(data3)))) && (typeof data3 !== "string")){
(vErrors ??= []).push({instancePath:instancePath+"/ports/" + i1,schemaPath:"#/definitions/ports/items/type",keyword:"type",params:{type: schema23.items.type}});
errors++;
}
if((typeof data3 == "number") && (isFinite(data3))){
if(data3 > 65535 || isNaN(data3)){
(vErrors ??= []).push({instancePath:instancePath+"/ports/" + i1,schemaPath:"#/definitions/ports/items/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65535}});
errors++;
}
if(data3 < 0 || isNaN(data3)){
(vErrors ??= []).push({instancePath:instancePath+"/ports/" + i1,schemaPath:"#/definitions/ports/items/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0}});
errors++;
}
}
if(typeof data3 === "string"){
if(!(formats14(data3))){
(vErrors ??= []).push({instancePath:instancePath+"/ports/" + i1,schemaPath:"#/definitions/ports/items/format",keyword:"format",params:{format: "ports"}});
errors++;
}
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/ports",schemaPath:"#/definitions/ports/type",keyword:"type",params:{type: "array"}});
errors++;
}
if(Array.isArray(data2)){
if(data2.length < 1){
(vErrors ??= []).push({instancePath:instancePath+"/ports",schemaPath:"#/properties/ports/minItems",keyword:"minItems",params:{limit: 1}});
errors++;
}
}
}
if(data.file !== undefined){
let data4 = data.file;
if(typeof data4 === "string"){
if(!(formats16(data4))){
(vErrors ??= []).push({instancePath:instancePath+"/file",schemaPath:"#/properties/file/format",keyword:"format",params:{format: "file"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/file",schemaPath:"#/properties/file/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
if(data.ttl !== undefined){
let data5 = data.ttl;
if(typeof data5 === "string"){
if(!(formats18(data5))){
(vErrors ??= []).push({instancePath:instancePath+"/ttl",schemaPath:"#/properties/ttl/format",keyword:"format",params:{format: "duration"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/ttl",schemaPath:"#/properties/ttl/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"}});
errors++;
}
validate11.errors = vErrors;
return errors === 0;
}
function validate10(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(data && typeof data == "object" && !Array.isArray(data)){
if(data.mode === undefined){
data.mode = "detect";
}
if(data.interfaces === undefined){
data.interfaces = {};
}
if(data.defaults === undefined){
data.defaults = {};
}
if(data.failsafe === undefined){
data.failsafe = {};
}
if(data.bans === undefined){
data.bans = {};
}
if(data.sets === undefined){
data.sets = {};
}
if(data.inspect_tunnels === undefined){
data.inspect_tunnels = true;
}
if(data.packet_sockets === undefined){
data.packet_sockets = "report";
}
if(data.probes === undefined){
data.probes = {};
}
if(data.events_per_second === undefined){
data.events_per_second = 1000;
}
if(data.rules === undefined){
data.rules = [];
}
if(data.logging === undefined){
data.logging = {};
}
if(data.audit === undefined){
data.audit = {};
}
if(data.otel === undefined){
data.otel = {};
}
if(data.state_dir === undefined){
data.state_dir = "/var/lib/weir";
}
if(data.hand_over_for === undefined){
data.hand_over_for = "120s";
}
if(data.control_socket === undefined){
data.control_socket = "/run/weir/control.sock";
}
if(data.version === undefined){
(vErrors ??= []).push({instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: "version"}});
errors++;
}
for(const key0 in data){
if(errors >= 1000){break;}
if(!(func2.call(schema11.properties, key0))){
(vErrors ??= []).push({instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0}});
errors++;
}
}
if(data.version !== undefined){
if(1 !== data.version){
(vErrors ??= []).push({instancePath:instancePath+"/version",schemaPath:"#/properties/version/const",keyword:"const",params:{allowedValue: 1}});
errors++;
}
}
let data1 = data.mode;
if(!((data1 === "detect") || (data1 === "prevent"))){
(vErrors ??= []).push({instancePath:instancePath+"/mode",schemaPath:"#/properties/mode/enum",keyword:"enum",params:{allowedValues: schema11.properties.mode.enum}});
errors++;
}
let data2 = data.interfaces;
if(data2 && typeof data2 == "object" && !Array.isArray(data2)){
if(data2.include === undefined){
data2.include = ["*"];
}
if(data2.exclude === undefined){
data2.exclude = ["lo"];
}
if(data2.ingress === undefined){
data2.ingress = "auto";
}
if(data2.egress === undefined){
data2.egress = true;
}
if(data2.offload === undefined){
data2.offload = false;
}
if(data2.overrides === undefined){
data2.overrides = [];
}
for(const key1 in data2){
if(errors >= 1000){break;}
if(!((((((key1 === "include") || (key1 === "exclude")) || (key1 === "ingress")) || (key1 === "egress")) || (key1 === "offload")) || (key1 === "overrides"))){
(vErrors ??= []).push({instancePath:instancePath+"/interfaces",schemaPath:"#/properties/interfaces/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key1}});
errors++;
}
}
let data3 = data2.include;
if(Array.isArray(data3)){
if(data3.length > 256){
(vErrors ??= []).push({instancePath:instancePath+"/interfaces/include",schemaPath:"#/definitions/interface_patterns/maxItems",keyword:"maxItems",params:{limit: 256}});
errors++;
}
const len0 = data3.length;
for(let i0=0; i0<len0; i0++){
if(errors >= 1000){break;}
let data4 = data3[i0];
if(typeof data4 === "string"){
if(!(formats0(data4))){
(vErrors ??= []).push({instancePath:instancePath+"/interfaces/include/" + i0,schemaPath:"#/definitions/interface_patterns/items/format",keyword:"format",params:{format: "interface"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/interfaces/include/" + i0,schemaPath:"#/definitions/interface_patterns/items/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/interfaces/include",schemaPath:"#/definitions/interface_patterns/type",keyword:"type",params:{type: "array"}});
errors++;
}
if(Array.isArray(data3)){
if(data3.length < 1){
(vErrors ??= []).push({instancePath:instancePath+"/interfaces/include",schemaPath:"#/properties/interfaces/properties/include/minItems",keyword:"minItems",params:{limit: 1}});
errors++;
}
}
let data5 = data2.exclude;
if(Array.isArray(data5)){
if(data5.length > 256){
(vErrors ??= []).push({instancePath:instancePath+"/interfaces/exclude",schemaPath:"#/definitions/interface_patterns/maxItems",keyword:"maxItems",params:{limit: 256}});
errors++;
}
const len1 = data5.length;
for(let i1=0; i1<len1; i1++){
if(errors >= 1000){break;}
let data6 = data5[i1];
if(typeof data6 === "string"){
if(!(formats0(data6))){
(vErrors ??= []).push({instancePath:instancePath+"/interfaces/exclude/" + i1,schemaPath:"#/definitions/interface_patterns/items/format",keyword:"format",params:{format: "interface"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/interfaces/exclude/" + i1,schemaPath:"#/definitions/interface_patterns/items/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/interfaces/exclude",schemaPath:"#/definitions/interface_patterns/type",keyword:"type",params:{type: "array"}});
errors++;
}
let data7 = data2.ingress;
if(!(((data7 === "auto") || (data7 === "xdp")) || (data7 === "tcx"))){
(vErrors ??= []).push({instancePath:instancePath+"/interfaces/ingress",schemaPath:"#/definitions/ingress_hook/enum",keyword:"enum",params:{allowedValues: schema14.enum}});
errors++;
}
if(typeof data2.egress !== "boolean"){
(vErrors ??= []).push({instancePath:instancePath+"/interfaces/egress",schemaPath:"#/properties/interfaces/properties/egress/type",keyword:"type",params:{type: "boolean"}});
errors++;
}
if(typeof data2.offload !== "boolean"){
(vErrors ??= []).push({instancePath:instancePath+"/interfaces/offload",schemaPath:"#/properties/interfaces/properties/offload/type",keyword:"type",params:{type: "boolean"}});
errors++;
}
let data10 = data2.overrides;
if(Array.isArray(data10)){
if(data10.length > 256){
(vErrors ??= []).push({instancePath:instancePath+"/interfaces/overrides",schemaPath:"#/properties/interfaces/properties/overrides/maxItems",keyword:"maxItems",params:{limit: 256}});
errors++;
}
const len2 = data10.length;
for(let i2=0; i2<len2; i2++){
if(errors >= 1000){break;}
let data11 = data10[i2];
if(data11 && typeof data11 == "object" && !Array.isArray(data11)){
if(data11.name === undefined){
(vErrors ??= []).push({instancePath:instancePath+"/interfaces/overrides/" + i2,schemaPath:"#/properties/interfaces/properties/overrides/items/required",keyword:"required",params:{missingProperty: "name"}});
errors++;
}
if(data11.ingress === undefined){
(vErrors ??= []).push({instancePath:instancePath+"/interfaces/overrides/" + i2,schemaPath:"#/properties/interfaces/properties/overrides/items/required",keyword:"required",params:{missingProperty: "ingress"}});
errors++;
}
for(const key2 in data11){
if(errors >= 1000){break;}
if(!((key2 === "name") || (key2 === "ingress"))){
(vErrors ??= []).push({instancePath:instancePath+"/interfaces/overrides/" + i2,schemaPath:"#/properties/interfaces/properties/overrides/items/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key2}});
errors++;
}
}
if(data11.name !== undefined){
let data12 = data11.name;
if(typeof data12 === "string"){
if(!(formats0(data12))){
(vErrors ??= []).push({instancePath:instancePath+"/interfaces/overrides/" + i2+"/name",schemaPath:"#/properties/interfaces/properties/overrides/items/properties/name/format",keyword:"format",params:{format: "interface"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/interfaces/overrides/" + i2+"/name",schemaPath:"#/properties/interfaces/properties/overrides/items/properties/name/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
if(data11.ingress !== undefined){
let data13 = data11.ingress;
if(!(((data13 === "auto") || (data13 === "xdp")) || (data13 === "tcx"))){
(vErrors ??= []).push({instancePath:instancePath+"/interfaces/overrides/" + i2+"/ingress",schemaPath:"#/definitions/ingress_hook/enum",keyword:"enum",params:{allowedValues: schema14.enum}});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/interfaces/overrides/" + i2,schemaPath:"#/properties/interfaces/properties/overrides/items/type",keyword:"type",params:{type: "object"}});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/interfaces/overrides",schemaPath:"#/properties/interfaces/properties/overrides/type",keyword:"type",params:{type: "array"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/interfaces",schemaPath:"#/properties/interfaces/type",keyword:"type",params:{type: "object"}});
errors++;
}
let data14 = data.defaults;
if(data14 && typeof data14 == "object" && !Array.isArray(data14)){
if(data14.action === undefined){
data14.action = "allow";
}
if(data14.on_error === undefined){
data14.on_error = {};
}
for(const key3 in data14){
if(errors >= 1000){break;}
if(!((key3 === "action") || (key3 === "on_error"))){
(vErrors ??= []).push({instancePath:instancePath+"/defaults",schemaPath:"#/properties/defaults/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key3}});
errors++;
}
}
let data15 = data14.action;
if(!((data15 === "allow") || (data15 === "block"))){
(vErrors ??= []).push({instancePath:instancePath+"/defaults/action",schemaPath:"#/definitions/action/enum",keyword:"enum",params:{allowedValues: schema16.enum}});
errors++;
}
let data16 = data14.on_error;
if(data16 && typeof data16 == "object" && !Array.isArray(data16)){
if(data16.ingress === undefined){
data16.ingress = "allow";
}
if(data16.egress === undefined){
data16.egress = "allow";
}
for(const key4 in data16){
if(errors >= 1000){break;}
if(!((key4 === "ingress") || (key4 === "egress"))){
(vErrors ??= []).push({instancePath:instancePath+"/defaults/on_error",schemaPath:"#/properties/defaults/properties/on_error/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key4}});
errors++;
}
}
let data17 = data16.ingress;
if(!((data17 === "allow") || (data17 === "block"))){
(vErrors ??= []).push({instancePath:instancePath+"/defaults/on_error/ingress",schemaPath:"#/definitions/action/enum",keyword:"enum",params:{allowedValues: schema16.enum}});
errors++;
}
let data18 = data16.egress;
if(!((data18 === "allow") || (data18 === "block"))){
(vErrors ??= []).push({instancePath:instancePath+"/defaults/on_error/egress",schemaPath:"#/definitions/action/enum",keyword:"enum",params:{allowedValues: schema16.enum}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/defaults/on_error",schemaPath:"#/properties/defaults/properties/on_error/type",keyword:"type",params:{type: "object"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/defaults",schemaPath:"#/properties/defaults/type",keyword:"type",params:{type: "object"}});
errors++;
}
let data19 = data.failsafe;
if(data19 && typeof data19 == "object" && !Array.isArray(data19)){
if(data19.management_ports === undefined){
data19.management_ports = [22];
}
if(data19.addresses === undefined){
data19.addresses = [];
}
for(const key5 in data19){
if(errors >= 1000){break;}
if(!((key5 === "management_ports") || (key5 === "addresses"))){
(vErrors ??= []).push({instancePath:instancePath+"/failsafe",schemaPath:"#/properties/failsafe/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key5}});
errors++;
}
}
let data20 = data19.management_ports;
if(Array.isArray(data20)){
if(data20.length > 16){
(vErrors ??= []).push({instancePath:instancePath+"/failsafe/management_ports",schemaPath:"#/properties/failsafe/properties/management_ports/maxItems",keyword:"maxItems",params:{limit: 16}});
errors++;
}
const len3 = data20.length;
for(let i3=0; i3<len3; i3++){
if(errors >= 1000){break;}
let data21 = data20[i3];
if(!(((typeof data21 == "number") && (!(data21 % 1) && !isNaN(data21))) && (isFinite(data21)))){
(vErrors ??= []).push({instancePath:instancePath+"/failsafe/management_ports/" + i3,schemaPath:"#/properties/failsafe/properties/management_ports/items/type",keyword:"type",params:{type: "integer"}});
errors++;
}
if((typeof data21 == "number") && (isFinite(data21))){
if(data21 > 65535 || isNaN(data21)){
(vErrors ??= []).push({instancePath:instancePath+"/failsafe/management_ports/" + i3,schemaPath:"#/properties/failsafe/properties/management_ports/items/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65535}});
errors++;
}
if(data21 < 1 || isNaN(data21)){
(vErrors ??= []).push({instancePath:instancePath+"/failsafe/management_ports/" + i3,schemaPath:"#/properties/failsafe/properties/management_ports/items/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1}});
errors++;
}
}
}
let i4 = data20.length;
let j0;
if(i4 > 1){
const indices0 = {};
for(;i4--;){
let item0 = data20[i4];
if(!(((typeof item0 == "number") && (!(item0 % 1) && !isNaN(item0))) && (isFinite(item0)))){
continue;
}
if(typeof indices0[item0] == "number"){
j0 = indices0[item0];
(vErrors ??= []).push({instancePath:instancePath+"/failsafe/management_ports",schemaPath:"#/properties/failsafe/properties/management_ports/uniqueItems",keyword:"uniqueItems",params:{i: i4, j: j0}});
errors++;
break;
}
indices0[item0] = i4;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/failsafe/management_ports",schemaPath:"#/properties/failsafe/properties/management_ports/type",keyword:"type",params:{type: "array"}});
errors++;
}
let data22 = data19.addresses;
if(Array.isArray(data22)){
const len4 = data22.length;
for(let i5=0; i5<len4; i5++){
if(errors >= 1000){break;}
let data23 = data22[i5];
if(typeof data23 === "string"){
if(!(formats6(data23))){
(vErrors ??= []).push({instancePath:instancePath+"/failsafe/addresses/" + i5,schemaPath:"#/definitions/networks/items/format",keyword:"format",params:{format: "network"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/failsafe/addresses/" + i5,schemaPath:"#/definitions/networks/items/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/failsafe/addresses",schemaPath:"#/definitions/networks/type",keyword:"type",params:{type: "array"}});
errors++;
}
if(Array.isArray(data22)){
if(data22.length > 32){
(vErrors ??= []).push({instancePath:instancePath+"/failsafe/addresses",schemaPath:"#/properties/failsafe/properties/addresses/maxItems",keyword:"maxItems",params:{limit: 32}});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/failsafe",schemaPath:"#/properties/failsafe/type",keyword:"type",params:{type: "object"}});
errors++;
}
let data24 = data.bans;
if(data24 && typeof data24 == "object" && !Array.isArray(data24)){
if(data24.except === undefined){
data24.except = [];
}
for(const key6 in data24){
if(errors >= 1000){break;}
if(!(key6 === "except")){
(vErrors ??= []).push({instancePath:instancePath+"/bans",schemaPath:"#/properties/bans/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key6}});
errors++;
}
}
let data25 = data24.except;
if(Array.isArray(data25)){
const len5 = data25.length;
for(let i6=0; i6<len5; i6++){
if(errors >= 1000){break;}
let data26 = data25[i6];
if(typeof data26 === "string"){
if(!(formats6(data26))){
(vErrors ??= []).push({instancePath:instancePath+"/bans/except/" + i6,schemaPath:"#/definitions/networks/items/format",keyword:"format",params:{format: "network"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/bans/except/" + i6,schemaPath:"#/definitions/networks/items/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/bans/except",schemaPath:"#/definitions/networks/type",keyword:"type",params:{type: "array"}});
errors++;
}
if(Array.isArray(data25)){
if(data25.length > 32){
(vErrors ??= []).push({instancePath:instancePath+"/bans/except",schemaPath:"#/properties/bans/properties/except/maxItems",keyword:"maxItems",params:{limit: 32}});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/bans",schemaPath:"#/properties/bans/type",keyword:"type",params:{type: "object"}});
errors++;
}
let data27 = data.sets;
if(data27 && typeof data27 == "object" && !Array.isArray(data27)){
if(Object.keys(data27).length > 256){
(vErrors ??= []).push({instancePath:instancePath+"/sets",schemaPath:"#/properties/sets/maxProperties",keyword:"maxProperties",params:{limit: 256}});
errors++;
}
for(const key7 in data27){
if(errors >= 1000){break;}
const _errs66 = errors;
if(typeof key7 === "string"){
if(!(formats10(key7))){
(vErrors ??= []).push({instancePath:instancePath+"/sets",schemaPath:"#/properties/sets/propertyNames/format",keyword:"format",params:{format: "set_name"},propertyName:key7});
errors++;
}
}
var valid29 = _errs66 === errors;
if(!valid29){
(vErrors ??= []).push({instancePath:instancePath+"/sets",schemaPath:"#/properties/sets/propertyNames",keyword:"propertyNames",params:{propertyName: key7}});
errors++;
}
}
for(const key8 in data27){
if(errors >= 1000){break;}
if(!(validate11(data27[key8], {instancePath:instancePath+"/sets/" + key8.replace(/~/g, "~0").replace(/\//g, "~1"),parentData:data27,parentDataProperty:key8,rootData}))){
vErrors = vErrors === null ? validate11.errors : vErrors.concat(validate11.errors);
errors = vErrors.length;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/sets",schemaPath:"#/properties/sets/type",keyword:"type",params:{type: "object"}});
errors++;
}
if(typeof data.inspect_tunnels !== "boolean"){
(vErrors ??= []).push({instancePath:instancePath+"/inspect_tunnels",schemaPath:"#/properties/inspect_tunnels/type",keyword:"type",params:{type: "boolean"}});
errors++;
}
let data30 = data.packet_sockets;
if(!((data30 === "report") || (data30 === "refuse"))){
(vErrors ??= []).push({instancePath:instancePath+"/packet_sockets",schemaPath:"#/properties/packet_sockets/enum",keyword:"enum",params:{allowedValues: schema11.properties.packet_sockets.enum}});
errors++;
}
let data31 = data.probes;
if(data31 && typeof data31 == "object" && !Array.isArray(data31)){
if(data31.system_calls === undefined){
data31.system_calls = "auto";
}
for(const key9 in data31){
if(errors >= 1000){break;}
if(!(key9 === "system_calls")){
(vErrors ??= []).push({instancePath:instancePath+"/probes",schemaPath:"#/properties/probes/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key9}});
errors++;
}
}
let data32 = data31.system_calls;
if(!(((data32 === "on") || (data32 === "off")) || (data32 === "auto"))){
(vErrors ??= []).push({instancePath:instancePath+"/probes/system_calls",schemaPath:"#/properties/probes/properties/system_calls/enum",keyword:"enum",params:{allowedValues: schema11.properties.probes.properties.system_calls.enum}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/probes",schemaPath:"#/properties/probes/type",keyword:"type",params:{type: "object"}});
errors++;
}
let data33 = data.events_per_second;
if(!(((typeof data33 == "number") && (!(data33 % 1) && !isNaN(data33))) && (isFinite(data33)))){
(vErrors ??= []).push({instancePath:instancePath+"/events_per_second",schemaPath:"#/properties/events_per_second/type",keyword:"type",params:{type: "integer"}});
errors++;
}
if((typeof data33 == "number") && (isFinite(data33))){
if(data33 > 1000000 || isNaN(data33)){
(vErrors ??= []).push({instancePath:instancePath+"/events_per_second",schemaPath:"#/properties/events_per_second/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1000000}});
errors++;
}
if(data33 < 1 || isNaN(data33)){
(vErrors ??= []).push({instancePath:instancePath+"/events_per_second",schemaPath:"#/properties/events_per_second/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1}});
errors++;
}
}
if(!(Array.isArray(data.rules))){
(vErrors ??= []).push({instancePath:instancePath+"/rules",schemaPath:"#/properties/rules/type",keyword:"type",params:{type: "array"}});
errors++;
}
let data35 = data.logging;
if(data35 && typeof data35 == "object" && !Array.isArray(data35)){
if(data35.level === undefined){
data35.level = "info";
}
if(data35.format === undefined){
data35.format = "pretty";
}
for(const key10 in data35){
if(errors >= 1000){break;}
if(!((key10 === "level") || (key10 === "format"))){
(vErrors ??= []).push({instancePath:instancePath+"/logging",schemaPath:"#/properties/logging/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key10}});
errors++;
}
}
let data36 = data35.level;
if(!(((((data36 === "trace") || (data36 === "debug")) || (data36 === "info")) || (data36 === "warn")) || (data36 === "error"))){
(vErrors ??= []).push({instancePath:instancePath+"/logging/level",schemaPath:"#/properties/logging/properties/level/enum",keyword:"enum",params:{allowedValues: schema11.properties.logging.properties.level.enum}});
errors++;
}
let data37 = data35.format;
if(!((data37 === "pretty") || (data37 === "json"))){
(vErrors ??= []).push({instancePath:instancePath+"/logging/format",schemaPath:"#/properties/logging/properties/format/enum",keyword:"enum",params:{allowedValues: schema11.properties.logging.properties.format.enum}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/logging",schemaPath:"#/properties/logging/type",keyword:"type",params:{type: "object"}});
errors++;
}
let data38 = data.audit;
if(data38 && typeof data38 == "object" && !Array.isArray(data38)){
if(data38.path === undefined){
data38.path = "/var/log/weir/audit.log";
}
if(data38.rotate === undefined){
data38.rotate = {};
}
if(data38.actions === undefined){
data38.actions = {};
}
if(data38.on_full === undefined){
data38.on_full = "degrade";
}
for(const key11 in data38){
if(errors >= 1000){break;}
if(!((((key11 === "path") || (key11 === "rotate")) || (key11 === "actions")) || (key11 === "on_full"))){
(vErrors ??= []).push({instancePath:instancePath+"/audit",schemaPath:"#/properties/audit/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key11}});
errors++;
}
}
let data39 = data38.path;
if(typeof data39 === "string"){
if(!(formats20(data39))){
(vErrors ??= []).push({instancePath:instancePath+"/audit/path",schemaPath:"#/properties/audit/properties/path/format",keyword:"format",params:{format: "path"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/audit/path",schemaPath:"#/properties/audit/properties/path/type",keyword:"type",params:{type: "string"}});
errors++;
}
let data40 = data38.rotate;
if(data40 && typeof data40 == "object" && !Array.isArray(data40)){
if(data40.size === undefined){
data40.size = "100MB";
}
if(data40.keep === undefined){
data40.keep = 10;
}
for(const key12 in data40){
if(errors >= 1000){break;}
if(!((key12 === "size") || (key12 === "keep"))){
(vErrors ??= []).push({instancePath:instancePath+"/audit/rotate",schemaPath:"#/properties/audit/properties/rotate/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key12}});
errors++;
}
}
let data41 = data40.size;
if((!(((typeof data41 == "number") && (!(data41 % 1) && !isNaN(data41))) && (isFinite(data41)))) && (typeof data41 !== "string")){
(vErrors ??= []).push({instancePath:instancePath+"/audit/rotate/size",schemaPath:"#/properties/audit/properties/rotate/properties/size/type",keyword:"type",params:{type: schema11.properties.audit.properties.rotate.properties.size.type}});
errors++;
}
if((typeof data41 == "number") && (isFinite(data41))){
if(data41 > 1000000000000 || isNaN(data41)){
(vErrors ??= []).push({instancePath:instancePath+"/audit/rotate/size",schemaPath:"#/properties/audit/properties/rotate/properties/size/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1000000000000}});
errors++;
}
if(data41 < 64000 || isNaN(data41)){
(vErrors ??= []).push({instancePath:instancePath+"/audit/rotate/size",schemaPath:"#/properties/audit/properties/rotate/properties/size/minimum",keyword:"minimum",params:{comparison: ">=", limit: 64000}});
errors++;
}
}
if(typeof data41 === "string"){
if(!(formats22(data41))){
(vErrors ??= []).push({instancePath:instancePath+"/audit/rotate/size",schemaPath:"#/properties/audit/properties/rotate/properties/size/format",keyword:"format",params:{format: "size"}});
errors++;
}
}
let data42 = data40.keep;
if(!(((typeof data42 == "number") && (!(data42 % 1) && !isNaN(data42))) && (isFinite(data42)))){
(vErrors ??= []).push({instancePath:instancePath+"/audit/rotate/keep",schemaPath:"#/properties/audit/properties/rotate/properties/keep/type",keyword:"type",params:{type: "integer"}});
errors++;
}
if((typeof data42 == "number") && (isFinite(data42))){
if(data42 > 1000 || isNaN(data42)){
(vErrors ??= []).push({instancePath:instancePath+"/audit/rotate/keep",schemaPath:"#/properties/audit/properties/rotate/properties/keep/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1000}});
errors++;
}
if(data42 < 1 || isNaN(data42)){
(vErrors ??= []).push({instancePath:instancePath+"/audit/rotate/keep",schemaPath:"#/properties/audit/properties/rotate/properties/keep/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1}});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/audit/rotate",schemaPath:"#/properties/audit/properties/rotate/type",keyword:"type",params:{type: "object"}});
errors++;
}
let data43 = data38.actions;
if(data43 && typeof data43 == "object" && !Array.isArray(data43)){
if(data43.size === undefined){
data43.size = "10MB";
}
if(data43.keep === undefined){
data43.keep = 50;
}
for(const key13 in data43){
if(errors >= 1000){break;}
if(!((key13 === "size") || (key13 === "keep"))){
(vErrors ??= []).push({instancePath:instancePath+"/audit/actions",schemaPath:"#/properties/audit/properties/actions/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key13}});
errors++;
}
}
let data44 = data43.size;
if((!(((typeof data44 == "number") && (!(data44 % 1) && !isNaN(data44))) && (isFinite(data44)))) && (typeof data44 !== "string")){
(vErrors ??= []).push({instancePath:instancePath+"/audit/actions/size",schemaPath:"#/properties/audit/properties/actions/properties/size/type",keyword:"type",params:{type: schema11.properties.audit.properties.actions.properties.size.type}});
errors++;
}
if((typeof data44 == "number") && (isFinite(data44))){
if(data44 > 1000000000000 || isNaN(data44)){
(vErrors ??= []).push({instancePath:instancePath+"/audit/actions/size",schemaPath:"#/properties/audit/properties/actions/properties/size/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1000000000000}});
errors++;
}
if(data44 < 64000 || isNaN(data44)){
(vErrors ??= []).push({instancePath:instancePath+"/audit/actions/size",schemaPath:"#/properties/audit/properties/actions/properties/size/minimum",keyword:"minimum",params:{comparison: ">=", limit: 64000}});
errors++;
}
}
if(typeof data44 === "string"){
if(!(formats22(data44))){
(vErrors ??= []).push({instancePath:instancePath+"/audit/actions/size",schemaPath:"#/properties/audit/properties/actions/properties/size/format",keyword:"format",params:{format: "size"}});
errors++;
}
}
let data45 = data43.keep;
if(!(((typeof data45 == "number") && (!(data45 % 1) && !isNaN(data45))) && (isFinite(data45)))){
(vErrors ??= []).push({instancePath:instancePath+"/audit/actions/keep",schemaPath:"#/properties/audit/properties/actions/properties/keep/type",keyword:"type",params:{type: "integer"}});
errors++;
}
if((typeof data45 == "number") && (isFinite(data45))){
if(data45 > 1000 || isNaN(data45)){
(vErrors ??= []).push({instancePath:instancePath+"/audit/actions/keep",schemaPath:"#/properties/audit/properties/actions/properties/keep/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1000}});
errors++;
}
if(data45 < 1 || isNaN(data45)){
(vErrors ??= []).push({instancePath:instancePath+"/audit/actions/keep",schemaPath:"#/properties/audit/properties/actions/properties/keep/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1}});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/audit/actions",schemaPath:"#/properties/audit/properties/actions/type",keyword:"type",params:{type: "object"}});
errors++;
}
if(!(data38.on_full === "degrade")){
(vErrors ??= []).push({instancePath:instancePath+"/audit/on_full",schemaPath:"#/properties/audit/properties/on_full/enum",keyword:"enum",params:{allowedValues: schema11.properties.audit.properties.on_full.enum}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/audit",schemaPath:"#/properties/audit/type",keyword:"type",params:{type: "object"}});
errors++;
}
let data47 = data.otel;
if(data47 && typeof data47 == "object" && !Array.isArray(data47)){
if(data47.traces === undefined){
data47.traces = true;
}
if(data47.metrics === undefined){
data47.metrics = true;
}
if(data47.logs === undefined){
data47.logs = true;
}
if(data47.resource === undefined){
data47.resource = {};
}
for(const key14 in data47){
if(errors >= 1000){break;}
if(!(((((key14 === "endpoint") || (key14 === "traces")) || (key14 === "metrics")) || (key14 === "logs")) || (key14 === "resource"))){
(vErrors ??= []).push({instancePath:instancePath+"/otel",schemaPath:"#/properties/otel/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key14}});
errors++;
}
}
if(data47.endpoint !== undefined){
let data48 = data47.endpoint;
if(typeof data48 === "string"){
if(!(formats26(data48))){
(vErrors ??= []).push({instancePath:instancePath+"/otel/endpoint",schemaPath:"#/properties/otel/properties/endpoint/format",keyword:"format",params:{format: "endpoint"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/otel/endpoint",schemaPath:"#/properties/otel/properties/endpoint/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
if(typeof data47.traces !== "boolean"){
(vErrors ??= []).push({instancePath:instancePath+"/otel/traces",schemaPath:"#/properties/otel/properties/traces/type",keyword:"type",params:{type: "boolean"}});
errors++;
}
if(typeof data47.metrics !== "boolean"){
(vErrors ??= []).push({instancePath:instancePath+"/otel/metrics",schemaPath:"#/properties/otel/properties/metrics/type",keyword:"type",params:{type: "boolean"}});
errors++;
}
if(typeof data47.logs !== "boolean"){
(vErrors ??= []).push({instancePath:instancePath+"/otel/logs",schemaPath:"#/properties/otel/properties/logs/type",keyword:"type",params:{type: "boolean"}});
errors++;
}
let data52 = data47.resource;
if(data52 && typeof data52 == "object" && !Array.isArray(data52)){
if(Object.keys(data52).length > 64){
(vErrors ??= []).push({instancePath:instancePath+"/otel/resource",schemaPath:"#/properties/otel/properties/resource/maxProperties",keyword:"maxProperties",params:{limit: 64}});
errors++;
}
for(const key15 in data52){
if(errors >= 1000){break;}
const _errs118 = errors;
if(typeof key15 === "string"){
if(!(formats28(key15))){
(vErrors ??= []).push({instancePath:instancePath+"/otel/resource",schemaPath:"#/properties/otel/properties/resource/propertyNames/format",keyword:"format",params:{format: "attribute_name"},propertyName:key15});
errors++;
}
}
var valid37 = _errs118 === errors;
if(!valid37){
(vErrors ??= []).push({instancePath:instancePath+"/otel/resource",schemaPath:"#/properties/otel/properties/resource/propertyNames",keyword:"propertyNames",params:{propertyName: key15}});
errors++;
}
}
for(const key16 in data52){
if(errors >= 1000){break;}
let data53 = data52[key16];
if(typeof data53 === "string"){
if(!(formats30(data53))){
(vErrors ??= []).push({instancePath:instancePath+"/otel/resource/" + key16.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/otel/properties/resource/additionalProperties/format",keyword:"format",params:{format: "text"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/otel/resource/" + key16.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/otel/properties/resource/additionalProperties/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/otel/resource",schemaPath:"#/properties/otel/properties/resource/type",keyword:"type",params:{type: "object"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/otel",schemaPath:"#/properties/otel/type",keyword:"type",params:{type: "object"}});
errors++;
}
let data54 = data.state_dir;
if(typeof data54 === "string"){
if(!(formats20(data54))){
(vErrors ??= []).push({instancePath:instancePath+"/state_dir",schemaPath:"#/properties/state_dir/format",keyword:"format",params:{format: "path"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/state_dir",schemaPath:"#/properties/state_dir/type",keyword:"type",params:{type: "string"}});
errors++;
}
let data55 = data.hand_over_for;
if(typeof data55 === "string"){
if(!(formats34(data55))){
(vErrors ??= []).push({instancePath:instancePath+"/hand_over_for",schemaPath:"#/properties/hand_over_for/format",keyword:"format",params:{format: "hand_over"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/hand_over_for",schemaPath:"#/properties/hand_over_for/type",keyword:"type",params:{type: "string"}});
errors++;
}
let data56 = data.control_socket;
if(typeof data56 === "string"){
if(!(formats36(data56))){
(vErrors ??= []).push({instancePath:instancePath+"/control_socket",schemaPath:"#/properties/control_socket/format",keyword:"format",params:{format: "socket_path"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/control_socket",schemaPath:"#/properties/control_socket/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"}});
errors++;
}
validate10.errors = vErrors;
return errors === 0;
}
const schema24 = {"type":"object","additionalProperties":false,"required":["name","action"],"properties":{"name":{"type":"string","format":"rule_name"},"description":{"type":"string","format":"text"},"action":{"$ref":"#/definitions/action"},"enforce":{"type":"boolean","default":false},"reject":{"type":"boolean"},"direction":{"enum":["ingress","egress","both"],"default":"both"},"interfaces":{"$ref":"#/definitions/interface_patterns"},"schedule":{"type":"array","maxItems":4,"items":{"type":"object","additionalProperties":false,"minProperties":1,"properties":{"days":{"type":"array","minItems":1,"uniqueItems":true,"items":{"type":"string","enum":["mon","tue","wed","thu","fri","sat","sun"]},"default":["mon","tue","wed","thu","fri","sat","sun"]},"from":{"type":"string","format":"time_of_day","default":"00:00"},"to":{"type":"string","format":"time_of_day","default":"24:00"}}}},"expires":{"type":"string","format":"moment"},"layer2":{"type":"object","additionalProperties":false,"properties":{"vlan":{"type":"array","maxItems":8,"uniqueItems":true,"items":{"type":["integer","string"],"minimum":1,"maximum":4094,"format":"vlan"}}}},"layer3":{"type":"object","additionalProperties":false,"properties":{"source":{"type":"array","items":{"type":"string","format":"network_or_set"}},"destination":{"type":"array","items":{"type":"string","format":"network_or_set"}},"dscp":{"type":"array","uniqueItems":true,"items":{"type":["integer","string"],"minimum":0,"maximum":63,"format":"dscp"}}}},"layer4":{"type":"object","additionalProperties":false,"properties":{"protocol":{"type":["integer","string"],"minimum":0,"maximum":255,"format":"protocol"},"source_ports":{"type":"array","items":{"type":["integer","string"],"minimum":0,"maximum":65535,"format":"ports_or_set"}},"destination_ports":{"type":"array","items":{"type":["integer","string"],"minimum":0,"maximum":65535,"format":"ports_or_set"}},"icmp":{"type":"array","items":{"type":"object","additionalProperties":false,"required":["type"],"properties":{"type":{"type":["integer","string"],"minimum":0,"maximum":255},"code":{"type":["integer","string"],"minimum":0,"maximum":255}}}},"flags":{"type":"object","additionalProperties":false,"minProperties":1,"properties":{"set":{"type":"array","uniqueItems":true,"items":{"type":"string","enum":["fin","syn","rst","psh","ack","urg","ece","cwr"]}},"unset":{"type":"array","uniqueItems":true,"items":{"type":"string","enum":["fin","syn","rst","psh","ack","urg","ece","cwr"]}}}},"state":{"type":"array","uniqueItems":true,"items":{"type":"string","enum":["new","established","related","invalid"]}},"over_rate":{"type":["string","object"],"format":"rate","additionalProperties":false,"required":["rate"],"properties":{"rate":{"type":"string","format":"rate"},"burst":{"type":"integer","minimum":1,"maximum":10000000},"by":{"enum":["source","destination","rule"],"default":"source"},"per":{"enum":["packet","connection"],"default":"packet"}}},"connections_over":{"type":["integer","object"],"minimum":1,"maximum":10000000,"additionalProperties":false,"required":["count"],"properties":{"count":{"type":"integer","minimum":1,"maximum":10000000},"by":{"enum":["source","destination","rule"],"default":"source"}}},"connection_duration":{"type":"object","additionalProperties":false,"minProperties":1,"properties":{"longer_than":{"type":"string","format":"duration"},"shorter_than":{"type":"string","format":"duration"}}}}},"process":{"type":"object","additionalProperties":false,"minProperties":1,"properties":{"executable":{"type":["string","array"],"format":"executable_pattern","minItems":1,"maxItems":256,"items":{"type":"string","format":"executable_pattern"}},"command":{"type":["string","array"],"format":"process_pattern","minItems":1,"maxItems":256,"items":{"type":"string","format":"process_pattern"}},"user":{"type":["string","integer","array"],"format":"process_pattern","minimum":0,"maximum":4294967294,"minItems":1,"maxItems":256,"items":{"type":["string","integer"],"format":"process_pattern","minimum":0,"maximum":4294967294}},"parent":{"type":["string","array"],"format":"executable_pattern","minItems":1,"maxItems":256,"items":{"type":"string","format":"executable_pattern"}},"container":{"type":["string","array"],"format":"process_pattern","minItems":1,"maxItems":256,"items":{"type":"string","format":"process_pattern"}},"unit":{"type":["string","array"],"format":"process_pattern","minItems":1,"maxItems":256,"items":{"type":"string","format":"process_pattern"}},"pod":{"type":["string","array"],"format":"process_pattern","minItems":1,"maxItems":256,"items":{"type":"string","format":"process_pattern"}},"namespace":{"type":["string","array"],"format":"process_pattern","minItems":1,"maxItems":256,"items":{"type":"string","format":"process_pattern"}}}},"not":{"type":"object","additionalProperties":false,"properties":{"interfaces":{"$ref":"#/definitions/interface_patterns"},"layer3":{"type":"object","additionalProperties":false,"properties":{"source":{"$ref":"#/definitions/networks"},"destination":{"$ref":"#/definitions/networks"}}},"layer4":{"type":"object","additionalProperties":false,"properties":{"protocol":{"type":["integer","string"],"minimum":0,"maximum":255,"format":"protocol"},"source_ports":{"type":"array","items":{"type":["integer","string"],"minimum":0,"maximum":65535,"format":"ports_or_set"}},"destination_ports":{"type":"array","items":{"type":["integer","string"],"minimum":0,"maximum":65535,"format":"ports_or_set"}},"icmp":{"type":"array","items":{"type":"object","additionalProperties":false,"required":["type"],"properties":{"type":{"type":["integer","string"],"minimum":0,"maximum":255},"code":{"type":["integer","string"],"minimum":0,"maximum":255}}}}}},"process":{"type":"object","additionalProperties":false,"minProperties":1,"properties":{"executable":{"type":["string","array"],"format":"executable_pattern","minItems":1,"maxItems":256,"items":{"type":"string","format":"executable_pattern"}},"command":{"type":["string","array"],"format":"process_pattern","minItems":1,"maxItems":256,"items":{"type":"string","format":"process_pattern"}},"user":{"type":["string","integer","array"],"format":"process_pattern","minimum":0,"maximum":4294967294,"minItems":1,"maxItems":256,"items":{"type":["string","integer"],"format":"process_pattern","minimum":0,"maximum":4294967294}},"parent":{"type":["string","array"],"format":"executable_pattern","minItems":1,"maxItems":256,"items":{"type":"string","format":"executable_pattern"}},"container":{"type":["string","array"],"format":"process_pattern","minItems":1,"maxItems":256,"items":{"type":"string","format":"process_pattern"}},"unit":{"type":["string","array"],"format":"process_pattern","minItems":1,"maxItems":256,"items":{"type":"string","format":"process_pattern"}},"pod":{"type":["string","array"],"format":"process_pattern","minItems":1,"maxItems":256,"items":{"type":"string","format":"process_pattern"}},"namespace":{"type":["string","array"],"format":"process_pattern","minItems":1,"maxItems":256,"items":{"type":"string","format":"process_pattern"}}}}}}},"definitions":{"action":{"enum":["allow","block"]},"ingress_hook":{"enum":["auto","xdp","tcx"]},"interface_patterns":{"type":"array","maxItems":256,"items":{"type":"string","format":"interface"}},"networks":{"type":"array","items":{"type":"string","format":"network"}},"ports":{"type":"array","items":{"type":["integer","string"],"minimum":0,"maximum":65535,"format":"ports"}},"set":{"type":"object","additionalProperties":false,"properties":{"addresses":{"$ref":"#/definitions/networks"},"ports":{"$ref":"#/definitions/ports","minItems":1},"file":{"type":"string","format":"file"},"ttl":{"type":"string","format":"duration"}}},"rule":{"type":"object","additionalProperties":false,"required":["name","action"],"properties":{"name":{"type":"string","format":"rule_name"},"description":{"type":"string","format":"text"},"action":{"$ref":"#/definitions/action"},"enforce":{"type":"boolean","default":false},"reject":{"type":"boolean"},"direction":{"enum":["ingress","egress","both"],"default":"both"},"interfaces":{"$ref":"#/definitions/interface_patterns"},"schedule":{"type":"array","maxItems":4,"items":{"type":"object","additionalProperties":false,"minProperties":1,"properties":{"days":{"type":"array","minItems":1,"uniqueItems":true,"items":{"type":"string","enum":["mon","tue","wed","thu","fri","sat","sun"]},"default":["mon","tue","wed","thu","fri","sat","sun"]},"from":{"type":"string","format":"time_of_day","default":"00:00"},"to":{"type":"string","format":"time_of_day","default":"24:00"}}}},"expires":{"type":"string","format":"moment"},"layer2":{"type":"object","additionalProperties":false,"properties":{"vlan":{"type":"array","maxItems":8,"uniqueItems":true,"items":{"type":["integer","string"],"minimum":1,"maximum":4094,"format":"vlan"}}}},"layer3":{"type":"object","additionalProperties":false,"properties":{"source":{"type":"array","items":{"type":"string","format":"network_or_set"}},"destination":{"type":"array","items":{"type":"string","format":"network_or_set"}},"dscp":{"type":"array","uniqueItems":true,"items":{"type":["integer","string"],"minimum":0,"maximum":63,"format":"dscp"}}}},"layer4":{"type":"object","additionalProperties":false,"properties":{"protocol":{"type":["integer","string"],"minimum":0,"maximum":255,"format":"protocol"},"source_ports":{"type":"array","items":{"type":["integer","string"],"minimum":0,"maximum":65535,"format":"ports_or_set"}},"destination_ports":{"type":"array","items":{"type":["integer","string"],"minimum":0,"maximum":65535,"format":"ports_or_set"}},"icmp":{"type":"array","items":{"type":"object","additionalProperties":false,"required":["type"],"properties":{"type":{"type":["integer","string"],"minimum":0,"maximum":255},"code":{"type":["integer","string"],"minimum":0,"maximum":255}}}},"flags":{"type":"object","additionalProperties":false,"minProperties":1,"properties":{"set":{"type":"array","uniqueItems":true,"items":{"type":"string","enum":["fin","syn","rst","psh","ack","urg","ece","cwr"]}},"unset":{"type":"array","uniqueItems":true,"items":{"type":"string","enum":["fin","syn","rst","psh","ack","urg","ece","cwr"]}}}},"state":{"type":"array","uniqueItems":true,"items":{"type":"string","enum":["new","established","related","invalid"]}},"over_rate":{"type":["string","object"],"format":"rate","additionalProperties":false,"required":["rate"],"properties":{"rate":{"type":"string","format":"rate"},"burst":{"type":"integer","minimum":1,"maximum":10000000},"by":{"enum":["source","destination","rule"],"default":"source"},"per":{"enum":["packet","connection"],"default":"packet"}}},"connections_over":{"type":["integer","object"],"minimum":1,"maximum":10000000,"additionalProperties":false,"required":["count"],"properties":{"count":{"type":"integer","minimum":1,"maximum":10000000},"by":{"enum":["source","destination","rule"],"default":"source"}}},"connection_duration":{"type":"object","additionalProperties":false,"minProperties":1,"properties":{"longer_than":{"type":"string","format":"duration"},"shorter_than":{"type":"string","format":"duration"}}}}},"process":{"type":"object","additionalProperties":false,"minProperties":1,"properties":{"executable":{"type":["string","array"],"format":"executable_pattern","minItems":1,"maxItems":256,"items":{"type":"string","format":"executable_pattern"}},"command":{"type":["string","array"],"format":"process_pattern","minItems":1,"maxItems":256,"items":{"type":"string","format":"process_pattern"}},"user":{"type":["string","integer","array"],"format":"process_pattern","minimum":0,"maximum":4294967294,"minItems":1,"maxItems":256,"items":{"type":["string","integer"],"format":"process_pattern","minimum":0,"maximum":4294967294}},"parent":{"type":["string","array"],"format":"executable_pattern","minItems":1,"maxItems":256,"items":{"type":"string","format":"executable_pattern"}},"container":{"type":["string","array"],"format":"process_pattern","minItems":1,"maxItems":256,"items":{"type":"string","format":"process_pattern"}},"unit":{"type":["string","array"],"format":"process_pattern","minItems":1,"maxItems":256,"items":{"type":"string","format":"process_pattern"}},"pod":{"type":["string","array"],"format":"process_pattern","minItems":1,"maxItems":256,"items":{"type":"string","format":"process_pattern"}},"namespace":{"type":["string","array"],"format":"process_pattern","minItems":1,"maxItems":256,"items":{"type":"string","format":"process_pattern"}}}},"not":{"type":"object","additionalProperties":false,"properties":{"interfaces":{"$ref":"#/definitions/interface_patterns"},"layer3":{"type":"object","additionalProperties":false,"properties":{"source":{"$ref":"#/definitions/networks"},"destination":{"$ref":"#/definitions/networks"}}},"layer4":{"type":"object","additionalProperties":false,"properties":{"protocol":{"type":["integer","string"],"minimum":0,"maximum":255,"format":"protocol"},"source_ports":{"type":"array","items":{"type":["integer","string"],"minimum":0,"maximum":65535,"format":"ports_or_set"}},"destination_ports":{"type":"array","items":{"type":["integer","string"],"minimum":0,"maximum":65535,"format":"ports_or_set"}},"icmp":{"type":"array","items":{"type":"object","additionalProperties":false,"required":["type"],"properties":{"type":{"type":["integer","string"],"minimum":0,"maximum":255},"code":{"type":["integer","string"],"minimum":0,"maximum":255}}}}}},"process":{"type":"object","additionalProperties":false,"minProperties":1,"properties":{"executable":{"type":["string","array"],"format":"executable_pattern","minItems":1,"maxItems":256,"items":{"type":"string","format":"executable_pattern"}},"command":{"type":["string","array"],"format":"process_pattern","minItems":1,"maxItems":256,"items":{"type":"string","format":"process_pattern"}},"user":{"type":["string","integer","array"],"format":"process_pattern","minimum":0,"maximum":4294967294,"minItems":1,"maxItems":256,"items":{"type":["string","integer"],"format":"process_pattern","minimum":0,"maximum":4294967294}},"parent":{"type":["string","array"],"format":"executable_pattern","minItems":1,"maxItems":256,"items":{"type":"string","format":"executable_pattern"}},"container":{"type":["string","array"],"format":"process_pattern","minItems":1,"maxItems":256,"items":{"type":"string","format":"process_pattern"}},"unit":{"type":["string","array"],"format":"process_pattern","minItems":1,"maxItems":256,"items":{"type":"string","format":"process_pattern"}},"pod":{"type":["string","array"],"format":"process_pattern","minItems":1,"maxItems":256,"items":{"type":"string","format":"process_pattern"}},"namespace":{"type":["string","array"],"format":"process_pattern","minItems":1,"maxItems":256,"items":{"type":"string","format":"process_pattern"}}}}}}}}}};
const schema25 = {"enum":["allow","block"]};
const formats38 = formats.rule_name;
const formats44 = formats.time_of_day;
const formats48 = formats.moment;
const formats50 = formats.vlan;
const formats52 = formats.network_or_set;
const formats56 = formats.dscp;
const formats58 = formats.protocol;
const formats60 = formats.ports_or_set;
const formats64 = formats.rate;
const formats72 = formats.executable_pattern;
const formats76 = formats.process_pattern;
function validate13(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(data && typeof data == "object" && !Array.isArray(data)){
if(data.enforce === undefined){
data.enforce = false;
}
if(data.direction === undefined){
data.direction = "both";
}
if(data.name === undefined){
(vErrors ??= []).push({instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: "name"}});
errors++;
}
if(data.action === undefined){
(vErrors ??= []).push({instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: "action"}});
errors++;
}
for(const key0 in data){
if(errors >= 1000){break;}
if(!(func2.call(schema24.properties, key0))){
(vErrors ??= []).push({instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0}});
errors++;
}
}
if(data.name !== undefined){
let data0 = data.name;
if(typeof data0 === "string"){
if(!(formats38(data0))){
(vErrors ??= []).push({instancePath:instancePath+"/name",schemaPath:"#/properties/name/format",keyword:"format",params:{format: "rule_name"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/name",schemaPath:"#/properties/name/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
if(data.description !== undefined){
let data1 = data.description;
if(typeof data1 === "string"){
if(!(formats30(data1))){
(vErrors ??= []).push({instancePath:instancePath+"/description",schemaPath:"#/properties/description/format",keyword:"format",params:{format: "text"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/description",schemaPath:"#/properties/description/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
if(data.action !== undefined){
let data2 = data.action;
if(!((data2 === "allow") || (data2 === "block"))){
(vErrors ??= []).push({instancePath:instancePath+"/action",schemaPath:"#/definitions/action/enum",keyword:"enum",params:{allowedValues: schema25.enum}});
errors++;
}
}
if(typeof data.enforce !== "boolean"){
(vErrors ??= []).push({instancePath:instancePath+"/enforce",schemaPath:"#/properties/enforce/type",keyword:"type",params:{type: "boolean"}});
errors++;
}
if(data.reject !== undefined){
if(typeof data.reject !== "boolean"){
(vErrors ??= []).push({instancePath:instancePath+"/reject",schemaPath:"#/properties/reject/type",keyword:"type",params:{type: "boolean"}});
errors++;
}
}
let data5 = data.direction;
if(!(((data5 === "ingress") || (data5 === "egress")) || (data5 === "both"))){
(vErrors ??= []).push({instancePath:instancePath+"/direction",schemaPath:"#/properties/direction/enum",keyword:"enum",params:{allowedValues: schema24.properties.direction.enum}});
errors++;
}
if(data.interfaces !== undefined){
let data6 = data.interfaces;
if(Array.isArray(data6)){
if(data6.length > 256){
(vErrors ??= []).push({instancePath:instancePath+"/interfaces",schemaPath:"#/definitions/interface_patterns/maxItems",keyword:"maxItems",params:{limit: 256}});
errors++;
}
const len0 = data6.length;
for(let i0=0; i0<len0; i0++){
if(errors >= 1000){break;}
let data7 = data6[i0];
if(typeof data7 === "string"){
if(!(formats0(data7))){
(vErrors ??= []).push({instancePath:instancePath+"/interfaces/" + i0,schemaPath:"#/definitions/interface_patterns/items/format",keyword:"format",params:{format: "interface"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/interfaces/" + i0,schemaPath:"#/definitions/interface_patterns/items/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/interfaces",schemaPath:"#/definitions/interface_patterns/type",keyword:"type",params:{type: "array"}});
errors++;
}
}
if(data.schedule !== undefined){
let data8 = data.schedule;
if(Array.isArray(data8)){
if(data8.length > 4){
(vErrors ??= []).push({instancePath:instancePath+"/schedule",schemaPath:"#/properties/schedule/maxItems",keyword:"maxItems",params:{limit: 4}});
errors++;
}
const len1 = data8.length;
for(let i1=0; i1<len1; i1++){
if(errors >= 1000){break;}
let data9 = data8[i1];
if(data9 && typeof data9 == "object" && !Array.isArray(data9) && Object.keys(data9).length < 1){
(vErrors ??= []).push({instancePath:instancePath+"/schedule/" + i1,schemaPath:"#/properties/schedule/items/minProperties",keyword:"minProperties",params:{limit: 1}});
errors++;
}
if(data9 && typeof data9 == "object" && !Array.isArray(data9)){
if(data9.days === undefined){
data9.days = ["mon","tue","wed","thu","fri","sat","sun"];
}
if(data9.from === undefined){
data9.from = "00:00";
}
if(data9.to === undefined){
data9.to = "24:00";
}
for(const key1 in data9){
if(errors >= 1000){break;}
if(!(((key1 === "days") || (key1 === "from")) || (key1 === "to"))){
(vErrors ??= []).push({instancePath:instancePath+"/schedule/" + i1,schemaPath:"#/properties/schedule/items/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key1}});
errors++;
}
}
let data10 = data9.days;
if(Array.isArray(data10)){
if(data10.length < 1){
(vErrors ??= []).push({instancePath:instancePath+"/schedule/" + i1+"/days",schemaPath:"#/properties/schedule/items/properties/days/minItems",keyword:"minItems",params:{limit: 1}});
errors++;
}
const len2 = data10.length;
for(let i2=0; i2<len2; i2++){
if(errors >= 1000){break;}
let data11 = data10[i2];
if(typeof data11 !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/schedule/" + i1+"/days/" + i2,schemaPath:"#/properties/schedule/items/properties/days/items/type",keyword:"type",params:{type: "string"}});
errors++;
}
if(!(((((((data11 === "mon") || (data11 === "tue")) || (data11 === "wed")) || (data11 === "thu")) || (data11 === "fri")) || (data11 === "sat")) || (data11 === "sun"))){
(vErrors ??= []).push({instancePath:instancePath+"/schedule/" + i1+"/days/" + i2,schemaPath:"#/properties/schedule/items/properties/days/items/enum",keyword:"enum",params:{allowedValues: schema24.properties.schedule.items.properties.days.items.enum}});
errors++;
}
}
let i3 = data10.length;
let j0;
if(i3 > 1){
const indices0 = {};
for(;i3--;){
let item0 = data10[i3];
if(typeof item0 !== "string"){
continue;
}
if(typeof indices0[item0] == "number"){
j0 = indices0[item0];
(vErrors ??= []).push({instancePath:instancePath+"/schedule/" + i1+"/days",schemaPath:"#/properties/schedule/items/properties/days/uniqueItems",keyword:"uniqueItems",params:{i: i3, j: j0}});
errors++;
break;
}
indices0[item0] = i3;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/schedule/" + i1+"/days",schemaPath:"#/properties/schedule/items/properties/days/type",keyword:"type",params:{type: "array"}});
errors++;
}
let data12 = data9.from;
if(typeof data12 === "string"){
if(!(formats44(data12))){
(vErrors ??= []).push({instancePath:instancePath+"/schedule/" + i1+"/from",schemaPath:"#/properties/schedule/items/properties/from/format",keyword:"format",params:{format: "time_of_day"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/schedule/" + i1+"/from",schemaPath:"#/properties/schedule/items/properties/from/type",keyword:"type",params:{type: "string"}});
errors++;
}
let data13 = data9.to;
if(typeof data13 === "string"){
if(!(formats44(data13))){
(vErrors ??= []).push({instancePath:instancePath+"/schedule/" + i1+"/to",schemaPath:"#/properties/schedule/items/properties/to/format",keyword:"format",params:{format: "time_of_day"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/schedule/" + i1+"/to",schemaPath:"#/properties/schedule/items/properties/to/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/schedule/" + i1,schemaPath:"#/properties/schedule/items/type",keyword:"type",params:{type: "object"}});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/schedule",schemaPath:"#/properties/schedule/type",keyword:"type",params:{type: "array"}});
errors++;
}
}
if(data.expires !== undefined){
let data14 = data.expires;
if(typeof data14 === "string"){
if(!(formats48(data14))){
(vErrors ??= []).push({instancePath:instancePath+"/expires",schemaPath:"#/properties/expires/format",keyword:"format",params:{format: "moment"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/expires",schemaPath:"#/properties/expires/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
if(data.layer2 !== undefined){
let data15 = data.layer2;
if(data15 && typeof data15 == "object" && !Array.isArray(data15)){
for(const key2 in data15){
if(errors >= 1000){break;}
if(!(key2 === "vlan")){
(vErrors ??= []).push({instancePath:instancePath+"/layer2",schemaPath:"#/properties/layer2/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key2}});
errors++;
}
}
if(data15.vlan !== undefined){
let data16 = data15.vlan;
if(Array.isArray(data16)){
if(data16.length > 8){
(vErrors ??= []).push({instancePath:instancePath+"/layer2/vlan",schemaPath:"#/properties/layer2/properties/vlan/maxItems",keyword:"maxItems",params:{limit: 8}});
errors++;
}
const len3 = data16.length;
for(let i4=0; i4<len3; i4++){
if(errors >= 1000){break;}
let data17 = data16[i4];
if((!(((typeof data17 == "number") && (!(data17 % 1) && !isNaN(data17))) && (isFinite(data17)))) && (typeof data17 !== "string")){
(vErrors ??= []).push({instancePath:instancePath+"/layer2/vlan/" + i4,schemaPath:"#/properties/layer2/properties/vlan/items/type",keyword:"type",params:{type: schema24.properties.layer2.properties.vlan.items.type}});
errors++;
}
if((typeof data17 == "number") && (isFinite(data17))){
if(data17 > 4094 || isNaN(data17)){
(vErrors ??= []).push({instancePath:instancePath+"/layer2/vlan/" + i4,schemaPath:"#/properties/layer2/properties/vlan/items/maximum",keyword:"maximum",params:{comparison: "<=", limit: 4094}});
errors++;
}
if(data17 < 1 || isNaN(data17)){
(vErrors ??= []).push({instancePath:instancePath+"/layer2/vlan/" + i4,schemaPath:"#/properties/layer2/properties/vlan/items/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1}});
errors++;
}
}
if(typeof data17 === "string"){
if(!(formats50(data17))){
(vErrors ??= []).push({instancePath:instancePath+"/layer2/vlan/" + i4,schemaPath:"#/properties/layer2/properties/vlan/items/format",keyword:"format",params:{format: "vlan"}});
errors++;
}
}
}
let i5 = data16.length;
let j1;
if(i5 > 1){
const indices1 = {};
for(;i5--;){
let item1 = data16[i5];
if((!(((typeof item1 == "number") && (!(item1 % 1) && !isNaN(item1))) && (isFinite(item1)))) && (typeof item1 !== "string")){
continue;
}
if(typeof item1 == "string"){
item1 += "_";
}
if(typeof indices1[item1] == "number"){
j1 = indices1[item1];
(vErrors ??= []).push({instancePath:instancePath+"/layer2/vlan",schemaPath:"#/properties/layer2/properties/vlan/uniqueItems",keyword:"uniqueItems",params:{i: i5, j: j1}});
errors++;
break;
}
indices1[item1] = i5;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/layer2/vlan",schemaPath:"#/properties/layer2/properties/vlan/type",keyword:"type",params:{type: "array"}});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/layer2",schemaPath:"#/properties/layer2/type",keyword:"type",params:{type: "object"}});
errors++;
}
}
if(data.layer3 !== undefined){
let data18 = data.layer3;
if(data18 && typeof data18 == "object" && !Array.isArray(data18)){
for(const key3 in data18){
if(errors >= 1000){break;}
if(!(((key3 === "source") || (key3 === "destination")) || (key3 === "dscp"))){
(vErrors ??= []).push({instancePath:instancePath+"/layer3",schemaPath:"#/properties/layer3/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key3}});
errors++;
}
}
if(data18.source !== undefined){
let data19 = data18.source;
if(Array.isArray(data19)){
const len4 = data19.length;
for(let i6=0; i6<len4; i6++){
if(errors >= 1000){break;}
let data20 = data19[i6];
if(typeof data20 === "string"){
if(!(formats52(data20))){
(vErrors ??= []).push({instancePath:instancePath+"/layer3/source/" + i6,schemaPath:"#/properties/layer3/properties/source/items/format",keyword:"format",params:{format: "network_or_set"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/layer3/source/" + i6,schemaPath:"#/properties/layer3/properties/source/items/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/layer3/source",schemaPath:"#/properties/layer3/properties/source/type",keyword:"type",params:{type: "array"}});
errors++;
}
}
if(data18.destination !== undefined){
let data21 = data18.destination;
if(Array.isArray(data21)){
const len5 = data21.length;
for(let i7=0; i7<len5; i7++){
if(errors >= 1000){break;}
let data22 = data21[i7];
if(typeof data22 === "string"){
if(!(formats52(data22))){
(vErrors ??= []).push({instancePath:instancePath+"/layer3/destination/" + i7,schemaPath:"#/properties/layer3/properties/destination/items/format",keyword:"format",params:{format: "network_or_set"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/layer3/destination/" + i7,schemaPath:"#/properties/layer3/properties/destination/items/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/layer3/destination",schemaPath:"#/properties/layer3/properties/destination/type",keyword:"type",params:{type: "array"}});
errors++;
}
}
if(data18.dscp !== undefined){
let data23 = data18.dscp;
if(Array.isArray(data23)){
const len6 = data23.length;
for(let i8=0; i8<len6; i8++){
if(errors >= 1000){break;}
let data24 = data23[i8];
if((!(((typeof data24 == "number") && (!(data24 % 1) && !isNaN(data24))) && (isFinite(data24)))) && (typeof data24 !== "string")){
(vErrors ??= []).push({instancePath:instancePath+"/layer3/dscp/" + i8,schemaPath:"#/properties/layer3/properties/dscp/items/type",keyword:"type",params:{type: schema24.properties.layer3.properties.dscp.items.type}});
errors++;
}
if((typeof data24 == "number") && (isFinite(data24))){
if(data24 > 63 || isNaN(data24)){
(vErrors ??= []).push({instancePath:instancePath+"/layer3/dscp/" + i8,schemaPath:"#/properties/layer3/properties/dscp/items/maximum",keyword:"maximum",params:{comparison: "<=", limit: 63}});
errors++;
}
if(data24 < 0 || isNaN(data24)){
(vErrors ??= []).push({instancePath:instancePath+"/layer3/dscp/" + i8,schemaPath:"#/properties/layer3/properties/dscp/items/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0}});
errors++;
}
}
if(typeof data24 === "string"){
if(!(formats56(data24))){
(vErrors ??= []).push({instancePath:instancePath+"/layer3/dscp/" + i8,schemaPath:"#/properties/layer3/properties/dscp/items/format",keyword:"format",params:{format: "dscp"}});
errors++;
}
}
}
let i9 = data23.length;
let j2;
if(i9 > 1){
const indices2 = {};
for(;i9--;){
let item2 = data23[i9];
if((!(((typeof item2 == "number") && (!(item2 % 1) && !isNaN(item2))) && (isFinite(item2)))) && (typeof item2 !== "string")){
continue;
}
if(typeof item2 == "string"){
item2 += "_";
}
if(typeof indices2[item2] == "number"){
j2 = indices2[item2];
(vErrors ??= []).push({instancePath:instancePath+"/layer3/dscp",schemaPath:"#/properties/layer3/properties/dscp/uniqueItems",keyword:"uniqueItems",params:{i: i9, j: j2}});
errors++;
break;
}
indices2[item2] = i9;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/layer3/dscp",schemaPath:"#/properties/layer3/properties/dscp/type",keyword:"type",params:{type: "array"}});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/layer3",schemaPath:"#/properties/layer3/type",keyword:"type",params:{type: "object"}});
errors++;
}
}
if(data.layer4 !== undefined){
let data25 = data.layer4;
if(data25 && typeof data25 == "object" && !Array.isArray(data25)){
for(const key4 in data25){
if(errors >= 1000){break;}
if(!(func2.call(schema24.properties.layer4.properties, key4))){
(vErrors ??= []).push({instancePath:instancePath+"/layer4",schemaPath:"#/properties/layer4/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key4}});
errors++;
}
}
if(data25.protocol !== undefined){
let data26 = data25.protocol;
if((!(((typeof data26 == "number") && (!(data26 % 1) && !isNaN(data26))) && (isFinite(data26)))) && (typeof data26 !== "string")){
(vErrors ??= []).push({instancePath:instancePath+"/layer4/protocol",schemaPath:"#/properties/layer4/properties/protocol/type",keyword:"type",params:{type: schema24.properties.layer4.properties.protocol.type}});
errors++;
}
if((typeof data26 == "number") && (isFinite(data26))){
if(data26 > 255 || isNaN(data26)){
(vErrors ??= []).push({instancePath:instancePath+"/layer4/protocol",schemaPath:"#/properties/layer4/properties/protocol/maximum",keyword:"maximum",params:{comparison: "<=", limit: 255}});
errors++;
}
if(data26 < 0 || isNaN(data26)){
(vErrors ??= []).push({instancePath:instancePath+"/layer4/protocol",schemaPath:"#/properties/layer4/properties/protocol/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0}});
errors++;
}
}
if(typeof data26 === "string"){
if(!(formats58(data26))){
(vErrors ??= []).push({instancePath:instancePath+"/layer4/protocol",schemaPath:"#/properties/layer4/properties/protocol/format",keyword:"format",params:{format: "protocol"}});
errors++;
}
}
}
if(data25.source_ports !== undefined){
let data27 = data25.source_ports;
if(Array.isArray(data27)){
const len7 = data27.length;
for(let i10=0; i10<len7; i10++){
if(errors >= 1000){break;}
let data28 = data27[i10];
if((!(((typeof data28 == "number") && (!(data28 % 1) && !isNaN(data28))) && (isFinite(data28)))) && (typeof data28 !== "string")){
(vErrors ??= []).push({instancePath:instancePath+"/layer4/source_ports/" + i10,schemaPath:"#/properties/layer4/properties/source_ports/items/type",keyword:"type",params:{type: schema24.properties.layer4.properties.source_ports.items.type}});
errors++;
}
if((typeof data28 == "number") && (isFinite(data28))){
if(data28 > 65535 || isNaN(data28)){
(vErrors ??= []).push({instancePath:instancePath+"/layer4/source_ports/" + i10,schemaPath:"#/properties/layer4/properties/source_ports/items/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65535}});
errors++;
}
if(data28 < 0 || isNaN(data28)){
(vErrors ??= []).push({instancePath:instancePath+"/layer4/source_ports/" + i10,schemaPath:"#/properties/layer4/properties/source_ports/items/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0}});
errors++;
}
}
if(typeof data28 === "string"){
if(!(formats60(data28))){
(vErrors ??= []).push({instancePath:instancePath+"/layer4/source_ports/" + i10,schemaPath:"#/properties/layer4/properties/source_ports/items/format",keyword:"format",params:{format: "ports_or_set"}});
errors++;
}
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/layer4/source_ports",schemaPath:"#/properties/layer4/properties/source_ports/type",keyword:"type",params:{type: "array"}});
errors++;
}
}
if(data25.destination_ports !== undefined){
let data29 = data25.destination_ports;
if(Array.isArray(data29)){
const len8 = data29.length;
for(let i11=0; i11<len8; i11++){
if(errors >= 1000){break;}
let data30 = data29[i11];
if((!(((typeof data30 == "number") && (!(data30 % 1) && !isNaN(data30))) && (isFinite(data30)))) && (typeof data30 !== "string")){
(vErrors ??= []).push({instancePath:instancePath+"/layer4/destination_ports/" + i11,schemaPath:"#/properties/layer4/properties/destination_ports/items/type",keyword:"type",params:{type: schema24.properties.layer4.properties.destination_ports.items.type}});
errors++;
}
if((typeof data30 == "number") && (isFinite(data30))){
if(data30 > 65535 || isNaN(data30)){
(vErrors ??= []).push({instancePath:instancePath+"/layer4/destination_ports/" + i11,schemaPath:"#/properties/layer4/properties/destination_ports/items/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65535}});
errors++;
}
if(data30 < 0 || isNaN(data30)){
(vErrors ??= []).push({instancePath:instancePath+"/layer4/destination_ports/" + i11,schemaPath:"#/properties/layer4/properties/destination_ports/items/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0}});
errors++;
}
}
if(typeof data30 === "string"){
if(!(formats60(data30))){
(vErrors ??= []).push({instancePath:instancePath+"/layer4/destination_ports/" + i11,schemaPath:"#/properties/layer4/properties/destination_ports/items/format",keyword:"format",params:{format: "ports_or_set"}});
errors++;
}
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/layer4/destination_ports",schemaPath:"#/properties/layer4/properties/destination_ports/type",keyword:"type",params:{type: "array"}});
errors++;
}
}
if(data25.icmp !== undefined){
let data31 = data25.icmp;
if(Array.isArray(data31)){
const len9 = data31.length;
for(let i12=0; i12<len9; i12++){
if(errors >= 1000){break;}
let data32 = data31[i12];
if(data32 && typeof data32 == "object" && !Array.isArray(data32)){
if(data32.type === undefined){
(vErrors ??= []).push({instancePath:instancePath+"/layer4/icmp/" + i12,schemaPath:"#/properties/layer4/properties/icmp/items/required",keyword:"required",params:{missingProperty: "type"}});
errors++;
}
for(const key5 in data32){
if(errors >= 1000){break;}
if(!((key5 === "type") || (key5 === "code"))){
(vErrors ??= []).push({instancePath:instancePath+"/layer4/icmp/" + i12,schemaPath:"#/properties/layer4/properties/icmp/items/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key5}});
errors++;
}
}
if(data32.type !== undefined){
let data33 = data32.type;
if((!(((typeof data33 == "number") && (!(data33 % 1) && !isNaN(data33))) && (isFinite(data33)))) && (typeof data33 !== "string")){
(vErrors ??= []).push({instancePath:instancePath+"/layer4/icmp/" + i12+"/type",schemaPath:"#/properties/layer4/properties/icmp/items/properties/type/type",keyword:"type",params:{type: schema24.properties.layer4.properties.icmp.items.properties.type.type}});
errors++;
}
if((typeof data33 == "number") && (isFinite(data33))){
if(data33 > 255 || isNaN(data33)){
(vErrors ??= []).push({instancePath:instancePath+"/layer4/icmp/" + i12+"/type",schemaPath:"#/properties/layer4/properties/icmp/items/properties/type/maximum",keyword:"maximum",params:{comparison: "<=", limit: 255}});
errors++;
}
if(data33 < 0 || isNaN(data33)){
(vErrors ??= []).push({instancePath:instancePath+"/layer4/icmp/" + i12+"/type",schemaPath:"#/properties/layer4/properties/icmp/items/properties/type/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0}});
errors++;
}
}
}
if(data32.code !== undefined){
let data34 = data32.code;
if((!(((typeof data34 == "number") && (!(data34 % 1) && !isNaN(data34))) && (isFinite(data34)))) && (typeof data34 !== "string")){
(vErrors ??= []).push({instancePath:instancePath+"/layer4/icmp/" + i12+"/code",schemaPath:"#/properties/layer4/properties/icmp/items/properties/code/type",keyword:"type",params:{type: schema24.properties.layer4.properties.icmp.items.properties.code.type}});
errors++;
}
if((typeof data34 == "number") && (isFinite(data34))){
if(data34 > 255 || isNaN(data34)){
(vErrors ??= []).push({instancePath:instancePath+"/layer4/icmp/" + i12+"/code",schemaPath:"#/properties/layer4/properties/icmp/items/properties/code/maximum",keyword:"maximum",params:{comparison: "<=", limit: 255}});
errors++;
}
if(data34 < 0 || isNaN(data34)){
(vErrors ??= []).push({instancePath:instancePath+"/layer4/icmp/" + i12+"/code",schemaPath:"#/properties/layer4/properties/icmp/items/properties/code/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0}});
errors++;
}
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/layer4/icmp/" + i12,schemaPath:"#/properties/layer4/properties/icmp/items/type",keyword:"type",params:{type: "object"}});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/layer4/icmp",schemaPath:"#/properties/layer4/properties/icmp/type",keyword:"type",params:{type: "array"}});
errors++;
}
}
if(data25.flags !== undefined){
let data35 = data25.flags;
if(data35 && typeof data35 == "object" && !Array.isArray(data35) && Object.keys(data35).length < 1){
(vErrors ??= []).push({instancePath:instancePath+"/layer4/flags",schemaPath:"#/properties/layer4/properties/flags/minProperties",keyword:"minProperties",params:{limit: 1}});
errors++;
}
if(data35 && typeof data35 == "object" && !Array.isArray(data35)){
for(const key6 in data35){
if(errors >= 1000){break;}
if(!((key6 === "set") || (key6 === "unset"))){
(vErrors ??= []).push({instancePath:instancePath+"/layer4/flags",schemaPath:"#/properties/layer4/properties/flags/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key6}});
errors++;
}
}
if(data35.set !== undefined){
let data36 = data35.set;
if(Array.isArray(data36)){
const len10 = data36.length;
for(let i13=0; i13<len10; i13++){
if(errors >= 1000){break;}
let data37 = data36[i13];
if(typeof data37 !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/layer4/flags/set/" + i13,schemaPath:"#/properties/layer4/properties/flags/properties/set/items/type",keyword:"type",params:{type: "string"}});
errors++;
}
if(!((((((((data37 === "fin") || (data37 === "syn")) || (data37 === "rst")) || (data37 === "psh")) || (data37 === "ack")) || (data37 === "urg")) || (data37 === "ece")) || (data37 === "cwr"))){
(vErrors ??= []).push({instancePath:instancePath+"/layer4/flags/set/" + i13,schemaPath:"#/properties/layer4/properties/flags/properties/set/items/enum",keyword:"enum",params:{allowedValues: schema24.properties.layer4.properties.flags.properties.set.items.enum}});
errors++;
}
}
let i14 = data36.length;
let j3;
if(i14 > 1){
const indices3 = {};
for(;i14--;){
let item3 = data36[i14];
if(typeof item3 !== "string"){
continue;
}
if(typeof indices3[item3] == "number"){
j3 = indices3[item3];
(vErrors ??= []).push({instancePath:instancePath+"/layer4/flags/set",schemaPath:"#/properties/layer4/properties/flags/properties/set/uniqueItems",keyword:"uniqueItems",params:{i: i14, j: j3}});
errors++;
break;
}
indices3[item3] = i14;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/layer4/flags/set",schemaPath:"#/properties/layer4/properties/flags/properties/set/type",keyword:"type",params:{type: "array"}});
errors++;
}
}
if(data35.unset !== undefined){
let data38 = data35.unset;
if(Array.isArray(data38)){
const len11 = data38.length;
for(let i15=0; i15<len11; i15++){
if(errors >= 1000){break;}
let data39 = data38[i15];
if(typeof data39 !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/layer4/flags/unset/" + i15,schemaPath:"#/properties/layer4/properties/flags/properties/unset/items/type",keyword:"type",params:{type: "string"}});
errors++;
}
if(!((((((((data39 === "fin") || (data39 === "syn")) || (data39 === "rst")) || (data39 === "psh")) || (data39 === "ack")) || (data39 === "urg")) || (data39 === "ece")) || (data39 === "cwr"))){
(vErrors ??= []).push({instancePath:instancePath+"/layer4/flags/unset/" + i15,schemaPath:"#/properties/layer4/properties/flags/properties/unset/items/enum",keyword:"enum",params:{allowedValues: schema24.properties.layer4.properties.flags.properties.unset.items.enum}});
errors++;
}
}
let i16 = data38.length;
let j4;
if(i16 > 1){
const indices4 = {};
for(;i16--;){
let item4 = data38[i16];
if(typeof item4 !== "string"){
continue;
}
if(typeof indices4[item4] == "number"){
j4 = indices4[item4];
(vErrors ??= []).push({instancePath:instancePath+"/layer4/flags/unset",schemaPath:"#/properties/layer4/properties/flags/properties/unset/uniqueItems",keyword:"uniqueItems",params:{i: i16, j: j4}});
errors++;
break;
}
indices4[item4] = i16;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/layer4/flags/unset",schemaPath:"#/properties/layer4/properties/flags/properties/unset/type",keyword:"type",params:{type: "array"}});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/layer4/flags",schemaPath:"#/properties/layer4/properties/flags/type",keyword:"type",params:{type: "object"}});
errors++;
}
}
if(data25.state !== undefined){
let data40 = data25.state;
if(Array.isArray(data40)){
const len12 = data40.length;
for(let i17=0; i17<len12; i17++){
if(errors >= 1000){break;}
let data41 = data40[i17];
if(typeof data41 !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/layer4/state/" + i17,schemaPath:"#/properties/layer4/properties/state/items/type",keyword:"type",params:{type: "string"}});
errors++;
}
if(!((((data41 === "new") || (data41 === "established")) || (data41 === "related")) || (data41 === "invalid"))){
(vErrors ??= []).push({instancePath:instancePath+"/layer4/state/" + i17,schemaPath:"#/properties/layer4/properties/state/items/enum",keyword:"enum",params:{allowedValues: schema24.properties.layer4.properties.state.items.enum}});
errors++;
}
}
let i18 = data40.length;
let j5;
if(i18 > 1){
const indices5 = {};
for(;i18--;){
let item5 = data40[i18];
if(typeof item5 !== "string"){
continue;
}
if(typeof indices5[item5] == "number"){
j5 = indices5[item5];
(vErrors ??= []).push({instancePath:instancePath+"/layer4/state",schemaPath:"#/properties/layer4/properties/state/uniqueItems",keyword:"uniqueItems",params:{i: i18, j: j5}});
errors++;
break;
}
indices5[item5] = i18;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/layer4/state",schemaPath:"#/properties/layer4/properties/state/type",keyword:"type",params:{type: "array"}});
errors++;
}
}
if(data25.over_rate !== undefined){
let data42 = data25.over_rate;
if((typeof data42 !== "string") && (!(data42 && typeof data42 == "object" && !Array.isArray(data42)))){
(vErrors ??= []).push({instancePath:instancePath+"/layer4/over_rate",schemaPath:"#/properties/layer4/properties/over_rate/type",keyword:"type",params:{type: schema24.properties.layer4.properties.over_rate.type}});
errors++;
}
if(typeof data42 === "string"){
if(!(formats64(data42))){
(vErrors ??= []).push({instancePath:instancePath+"/layer4/over_rate",schemaPath:"#/properties/layer4/properties/over_rate/format",keyword:"format",params:{format: "rate"}});
errors++;
}
}
if(data42 && typeof data42 == "object" && !Array.isArray(data42)){
if(data42.by === undefined){
data42.by = "source";
}
if(data42.per === undefined){
data42.per = "packet";
}
if(data42.rate === undefined){
(vErrors ??= []).push({instancePath:instancePath+"/layer4/over_rate",schemaPath:"#/properties/layer4/properties/over_rate/required",keyword:"required",params:{missingProperty: "rate"}});
errors++;
}
for(const key7 in data42){
if(errors >= 1000){break;}
if(!((((key7 === "rate") || (key7 === "burst")) || (key7 === "by")) || (key7 === "per"))){
(vErrors ??= []).push({instancePath:instancePath+"/layer4/over_rate",schemaPath:"#/properties/layer4/properties/over_rate/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key7}});
errors++;
}
}
if(data42.rate !== undefined){
let data43 = data42.rate;
if(typeof data43 === "string"){
if(!(formats64(data43))){
(vErrors ??= []).push({instancePath:instancePath+"/layer4/over_rate/rate",schemaPath:"#/properties/layer4/properties/over_rate/properties/rate/format",keyword:"format",params:{format: "rate"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/layer4/over_rate/rate",schemaPath:"#/properties/layer4/properties/over_rate/properties/rate/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
if(data42.burst !== undefined){
let data44 = data42.burst;
if(!(((typeof data44 == "number") && (!(data44 % 1) && !isNaN(data44))) && (isFinite(data44)))){
(vErrors ??= []).push({instancePath:instancePath+"/layer4/over_rate/burst",schemaPath:"#/properties/layer4/properties/over_rate/properties/burst/type",keyword:"type",params:{type: "integer"}});
errors++;
}
if((typeof data44 == "number") && (isFinite(data44))){
if(data44 > 10000000 || isNaN(data44)){
(vErrors ??= []).push({instancePath:instancePath+"/layer4/over_rate/burst",schemaPath:"#/properties/layer4/properties/over_rate/properties/burst/maximum",keyword:"maximum",params:{comparison: "<=", limit: 10000000}});
errors++;
}
if(data44 < 1 || isNaN(data44)){
(vErrors ??= []).push({instancePath:instancePath+"/layer4/over_rate/burst",schemaPath:"#/properties/layer4/properties/over_rate/properties/burst/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1}});
errors++;
}
}
}
let data45 = data42.by;
if(!(((data45 === "source") || (data45 === "destination")) || (data45 === "rule"))){
(vErrors ??= []).push({instancePath:instancePath+"/layer4/over_rate/by",schemaPath:"#/properties/layer4/properties/over_rate/properties/by/enum",keyword:"enum",params:{allowedValues: schema24.properties.layer4.properties.over_rate.properties.by.enum}});
errors++;
}
let data46 = data42.per;
if(!((data46 === "packet") || (data46 === "connection"))){
(vErrors ??= []).push({instancePath:instancePath+"/layer4/over_rate/per",schemaPath:"#/properties/layer4/properties/over_rate/properties/per/enum",keyword:"enum",params:{allowedValues: schema24.properties.layer4.properties.over_rate.properties.per.enum}});
errors++;
}
}
}
if(data25.connections_over !== undefined){
let data47 = data25.connections_over;
if((!(((typeof data47 == "number") && (!(data47 % 1) && !isNaN(data47))) && (isFinite(data47)))) && (!(data47 && typeof data47 == "object" && !Array.isArray(data47)))){
(vErrors ??= []).push({instancePath:instancePath+"/layer4/connections_over",schemaPath:"#/properties/layer4/properties/connections_over/type",keyword:"type",params:{type: schema24.properties.layer4.properties.connections_over.type}});
errors++;
}
if((typeof data47 == "number") && (isFinite(data47))){
if(data47 > 10000000 || isNaN(data47)){
(vErrors ??= []).push({instancePath:instancePath+"/layer4/connections_over",schemaPath:"#/properties/layer4/properties/connections_over/maximum",keyword:"maximum",params:{comparison: "<=", limit: 10000000}});
errors++;
}
if(data47 < 1 || isNaN(data47)){
(vErrors ??= []).push({instancePath:instancePath+"/layer4/connections_over",schemaPath:"#/properties/layer4/properties/connections_over/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1}});
errors++;
}
}
if(data47 && typeof data47 == "object" && !Array.isArray(data47)){
if(data47.by === undefined){
data47.by = "source";
}
if(data47.count === undefined){
(vErrors ??= []).push({instancePath:instancePath+"/layer4/connections_over",schemaPath:"#/properties/layer4/properties/connections_over/required",keyword:"required",params:{missingProperty: "count"}});
errors++;
}
for(const key8 in data47){
if(errors >= 1000){break;}
if(!((key8 === "count") || (key8 === "by"))){
(vErrors ??= []).push({instancePath:instancePath+"/layer4/connections_over",schemaPath:"#/properties/layer4/properties/connections_over/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key8}});
errors++;
}
}
if(data47.count !== undefined){
let data48 = data47.count;
if(!(((typeof data48 == "number") && (!(data48 % 1) && !isNaN(data48))) && (isFinite(data48)))){
(vErrors ??= []).push({instancePath:instancePath+"/layer4/connections_over/count",schemaPath:"#/properties/layer4/properties/connections_over/properties/count/type",keyword:"type",params:{type: "integer"}});
errors++;
}
if((typeof data48 == "number") && (isFinite(data48))){
if(data48 > 10000000 || isNaN(data48)){
(vErrors ??= []).push({instancePath:instancePath+"/layer4/connections_over/count",schemaPath:"#/properties/layer4/properties/connections_over/properties/count/maximum",keyword:"maximum",params:{comparison: "<=", limit: 10000000}});
errors++;
}
if(data48 < 1 || isNaN(data48)){
(vErrors ??= []).push({instancePath:instancePath+"/layer4/connections_over/count",schemaPath:"#/properties/layer4/properties/connections_over/properties/count/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1}});
errors++;
}
}
}
let data49 = data47.by;
if(!(((data49 === "source") || (data49 === "destination")) || (data49 === "rule"))){
(vErrors ??= []).push({instancePath:instancePath+"/layer4/connections_over/by",schemaPath:"#/properties/layer4/properties/connections_over/properties/by/enum",keyword:"enum",params:{allowedValues: schema24.properties.layer4.properties.connections_over.properties.by.enum}});
errors++;
}
}
}
if(data25.connection_duration !== undefined){
let data50 = data25.connection_duration;
if(data50 && typeof data50 == "object" && !Array.isArray(data50) && Object.keys(data50).length < 1){
(vErrors ??= []).push({instancePath:instancePath+"/layer4/connection_duration",schemaPath:"#/properties/layer4/properties/connection_duration/minProperties",keyword:"minProperties",params:{limit: 1}});
errors++;
}
if(data50 && typeof data50 == "object" && !Array.isArray(data50)){
for(const key9 in data50){
if(errors >= 1000){break;}
if(!((key9 === "longer_than") || (key9 === "shorter_than"))){
(vErrors ??= []).push({instancePath:instancePath+"/layer4/connection_duration",schemaPath:"#/properties/layer4/properties/connection_duration/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key9}});
errors++;
}
}
if(data50.longer_than !== undefined){
let data51 = data50.longer_than;
if(typeof data51 === "string"){
if(!(formats18(data51))){
(vErrors ??= []).push({instancePath:instancePath+"/layer4/connection_duration/longer_than",schemaPath:"#/properties/layer4/properties/connection_duration/properties/longer_than/format",keyword:"format",params:{format: "duration"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/layer4/connection_duration/longer_than",schemaPath:"#/properties/layer4/properties/connection_duration/properties/longer_than/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
if(data50.shorter_than !== undefined){
let data52 = data50.shorter_than;
if(typeof data52 === "string"){
if(!(formats18(data52))){
(vErrors ??= []).push({instancePath:instancePath+"/layer4/connection_duration/shorter_than",schemaPath:"#/properties/layer4/properties/connection_duration/properties/shorter_than/format",keyword:"format",params:{format: "duration"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/layer4/connection_duration/shorter_than",schemaPath:"#/properties/layer4/properties/connection_duration/properties/shorter_than/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/layer4/connection_duration",schemaPath:"#/properties/layer4/properties/connection_duration/type",keyword:"type",params:{type: "object"}});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/layer4",schemaPath:"#/properties/layer4/type",keyword:"type",params:{type: "object"}});
errors++;
}
}
if(data.process !== undefined){
let data53 = data.process;
if(data53 && typeof data53 == "object" && !Array.isArray(data53) && Object.keys(data53).length < 1){
(vErrors ??= []).push({instancePath:instancePath+"/process",schemaPath:"#/properties/process/minProperties",keyword:"minProperties",params:{limit: 1}});
errors++;
}
if(data53 && typeof data53 == "object" && !Array.isArray(data53)){
for(const key10 in data53){
if(errors >= 1000){break;}
if(!((((((((key10 === "executable") || (key10 === "command")) || (key10 === "user")) || (key10 === "parent")) || (key10 === "container")) || (key10 === "unit")) || (key10 === "pod")) || (key10 === "namespace"))){
(vErrors ??= []).push({instancePath:instancePath+"/process",schemaPath:"#/properties/process/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key10}});
errors++;
}
}
if(data53.executable !== undefined){
let data54 = data53.executable;
if((typeof data54 !== "string") && (!(Array.isArray(data54)))){
(vErrors ??= []).push({instancePath:instancePath+"/process/executable",schemaPath:"#/properties/process/properties/executable/type",keyword:"type",params:{type: schema24.properties.process.properties.executable.type}});
errors++;
}
if(typeof data54 === "string"){
if(!(formats72(data54))){
(vErrors ??= []).push({instancePath:instancePath+"/process/executable",schemaPath:"#/properties/process/properties/executable/format",keyword:"format",params:{format: "executable_pattern"}});
errors++;
}
}
if(Array.isArray(data54)){
if(data54.length > 256){
(vErrors ??= []).push({instancePath:instancePath+"/process/executable",schemaPath:"#/properties/process/properties/executable/maxItems",keyword:"maxItems",params:{limit: 256}});
errors++;
}
if(data54.length < 1){
(vErrors ??= []).push({instancePath:instancePath+"/process/executable",schemaPath:"#/properties/process/properties/executable/minItems",keyword:"minItems",params:{limit: 1}});
errors++;
}
const len13 = data54.length;
for(let i19=0; i19<len13; i19++){
if(errors >= 1000){break;}
let data55 = data54[i19];
if(typeof data55 === "string"){
if(!(formats72(data55))){
(vErrors ??= []).push({instancePath:instancePath+"/process/executable/" + i19,schemaPath:"#/properties/process/properties/executable/items/format",keyword:"format",params:{format: "executable_pattern"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/process/executable/" + i19,schemaPath:"#/properties/process/properties/executable/items/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
}
}
if(data53.command !== undefined){
let data56 = data53.command;
if((typeof data56 !== "string") && (!(Array.isArray(data56)))){
(vErrors ??= []).push({instancePath:instancePath+"/process/command",schemaPath:"#/properties/process/properties/command/type",keyword:"type",params:{type: schema24.properties.process.properties.command.type}});
errors++;
}
if(typeof data56 === "string"){
if(!(formats76(data56))){
(vErrors ??= []).push({instancePath:instancePath+"/process/command",schemaPath:"#/properties/process/properties/command/format",keyword:"format",params:{format: "process_pattern"}});
errors++;
}
}
if(Array.isArray(data56)){
if(data56.length > 256){
(vErrors ??= []).push({instancePath:instancePath+"/process/command",schemaPath:"#/properties/process/properties/command/maxItems",keyword:"maxItems",params:{limit: 256}});
errors++;
}
if(data56.length < 1){
(vErrors ??= []).push({instancePath:instancePath+"/process/command",schemaPath:"#/properties/process/properties/command/minItems",keyword:"minItems",params:{limit: 1}});
errors++;
}
const len14 = data56.length;
for(let i20=0; i20<len14; i20++){
if(errors >= 1000){break;}
let data57 = data56[i20];
if(typeof data57 === "string"){
if(!(formats76(data57))){
(vErrors ??= []).push({instancePath:instancePath+"/process/command/" + i20,schemaPath:"#/properties/process/properties/command/items/format",keyword:"format",params:{format: "process_pattern"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/process/command/" + i20,schemaPath:"#/properties/process/properties/command/items/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
}
}
if(data53.user !== undefined){
let data58 = data53.user;
if(((typeof data58 !== "string") && (!(((typeof data58 == "number") && (!(data58 % 1) && !isNaN(data58))) && (isFinite(data58))))) && (!(Array.isArray(data58)))){
(vErrors ??= []).push({instancePath:instancePath+"/process/user",schemaPath:"#/properties/process/properties/user/type",keyword:"type",params:{type: schema24.properties.process.properties.user.type}});
errors++;
}
if((typeof data58 == "number") && (isFinite(data58))){
if(data58 > 4294967294 || isNaN(data58)){
(vErrors ??= []).push({instancePath:instancePath+"/process/user",schemaPath:"#/properties/process/properties/user/maximum",keyword:"maximum",params:{comparison: "<=", limit: 4294967294}});
errors++;
}
if(data58 < 0 || isNaN(data58)){
(vErrors ??= []).push({instancePath:instancePath+"/process/user",schemaPath:"#/properties/process/properties/user/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0}});
errors++;
}
}
if(typeof data58 === "string"){
if(!(formats76(data58))){
(vErrors ??= []).push({instancePath:instancePath+"/process/user",schemaPath:"#/properties/process/properties/user/format",keyword:"format",params:{format: "process_pattern"}});
errors++;
}
}
if(Array.isArray(data58)){
if(data58.length > 256){
(vErrors ??= []).push({instancePath:instancePath+"/process/user",schemaPath:"#/properties/process/properties/user/maxItems",keyword:"maxItems",params:{limit: 256}});
errors++;
}
if(data58.length < 1){
(vErrors ??= []).push({instancePath:instancePath+"/process/user",schemaPath:"#/properties/process/properties/user/minItems",keyword:"minItems",params:{limit: 1}});
errors++;
}
const len15 = data58.length;
for(let i21=0; i21<len15; i21++){
if(errors >= 1000){break;}
let data59 = data58[i21];
if((typeof data59 !== "string") && (!(((typeof data59 == "number") && (!(data59 % 1) && !isNaN(data59))) && (isFinite(data59))))){
(vErrors ??= []).push({instancePath:instancePath+"/process/user/" + i21,schemaPath:"#/properties/process/properties/user/items/type",keyword:"type",params:{type: schema24.properties.process.properties.user.items.type}});
errors++;
}
if((typeof data59 == "number") && (isFinite(data59))){
if(data59 > 4294967294 || isNaN(data59)){
(vErrors ??= []).push({instancePath:instancePath+"/process/user/" + i21,schemaPath:"#/properties/process/properties/user/items/maximum",keyword:"maximum",params:{comparison: "<=", limit: 4294967294}});
errors++;
}
if(data59 < 0 || isNaN(data59)){
(vErrors ??= []).push({instancePath:instancePath+"/process/user/" + i21,schemaPath:"#/properties/process/properties/user/items/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0}});
errors++;
}
}
if(typeof data59 === "string"){
if(!(formats76(data59))){
(vErrors ??= []).push({instancePath:instancePath+"/process/user/" + i21,schemaPath:"#/properties/process/properties/user/items/format",keyword:"format",params:{format: "process_pattern"}});
errors++;
}
}
}
}
}
if(data53.parent !== undefined){
let data60 = data53.parent;
if((typeof data60 !== "string") && (!(Array.isArray(data60)))){
(vErrors ??= []).push({instancePath:instancePath+"/process/parent",schemaPath:"#/properties/process/properties/parent/type",keyword:"type",params:{type: schema24.properties.process.properties.parent.type}});
errors++;
}
if(typeof data60 === "string"){
if(!(formats72(data60))){
(vErrors ??= []).push({instancePath:instancePath+"/process/parent",schemaPath:"#/properties/process/properties/parent/format",keyword:"format",params:{format: "executable_pattern"}});
errors++;
}
}
if(Array.isArray(data60)){
if(data60.length > 256){
(vErrors ??= []).push({instancePath:instancePath+"/process/parent",schemaPath:"#/properties/process/properties/parent/maxItems",keyword:"maxItems",params:{limit: 256}});
errors++;
}
if(data60.length < 1){
(vErrors ??= []).push({instancePath:instancePath+"/process/parent",schemaPath:"#/properties/process/properties/parent/minItems",keyword:"minItems",params:{limit: 1}});
errors++;
}
const len16 = data60.length;
for(let i22=0; i22<len16; i22++){
if(errors >= 1000){break;}
let data61 = data60[i22];
if(typeof data61 === "string"){
if(!(formats72(data61))){
(vErrors ??= []).push({instancePath:instancePath+"/process/parent/" + i22,schemaPath:"#/properties/process/properties/parent/items/format",keyword:"format",params:{format: "executable_pattern"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/process/parent/" + i22,schemaPath:"#/properties/process/properties/parent/items/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
}
}
if(data53.container !== undefined){
let data62 = data53.container;
if((typeof data62 !== "string") && (!(Array.isArray(data62)))){
(vErrors ??= []).push({instancePath:instancePath+"/process/container",schemaPath:"#/properties/process/properties/container/type",keyword:"type",params:{type: schema24.properties.process.properties.container.type}});
errors++;
}
if(typeof data62 === "string"){
if(!(formats76(data62))){
(vErrors ??= []).push({instancePath:instancePath+"/process/container",schemaPath:"#/properties/process/properties/container/format",keyword:"format",params:{format: "process_pattern"}});
errors++;
}
}
if(Array.isArray(data62)){
if(data62.length > 256){
(vErrors ??= []).push({instancePath:instancePath+"/process/container",schemaPath:"#/properties/process/properties/container/maxItems",keyword:"maxItems",params:{limit: 256}});
errors++;
}
if(data62.length < 1){
(vErrors ??= []).push({instancePath:instancePath+"/process/container",schemaPath:"#/properties/process/properties/container/minItems",keyword:"minItems",params:{limit: 1}});
errors++;
}
const len17 = data62.length;
for(let i23=0; i23<len17; i23++){
if(errors >= 1000){break;}
let data63 = data62[i23];
if(typeof data63 === "string"){
if(!(formats76(data63))){
(vErrors ??= []).push({instancePath:instancePath+"/process/container/" + i23,schemaPath:"#/properties/process/properties/container/items/format",keyword:"format",params:{format: "process_pattern"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/process/container/" + i23,schemaPath:"#/properties/process/properties/container/items/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
}
}
if(data53.unit !== undefined){
let data64 = data53.unit;
if((typeof data64 !== "string") && (!(Array.isArray(data64)))){
(vErrors ??= []).push({instancePath:instancePath+"/process/unit",schemaPath:"#/properties/process/properties/unit/type",keyword:"type",params:{type: schema24.properties.process.properties.unit.type}});
errors++;
}
if(typeof data64 === "string"){
if(!(formats76(data64))){
(vErrors ??= []).push({instancePath:instancePath+"/process/unit",schemaPath:"#/properties/process/properties/unit/format",keyword:"format",params:{format: "process_pattern"}});
errors++;
}
}
if(Array.isArray(data64)){
if(data64.length > 256){
(vErrors ??= []).push({instancePath:instancePath+"/process/unit",schemaPath:"#/properties/process/properties/unit/maxItems",keyword:"maxItems",params:{limit: 256}});
errors++;
}
if(data64.length < 1){
(vErrors ??= []).push({instancePath:instancePath+"/process/unit",schemaPath:"#/properties/process/properties/unit/minItems",keyword:"minItems",params:{limit: 1}});
errors++;
}
const len18 = data64.length;
for(let i24=0; i24<len18; i24++){
if(errors >= 1000){break;}
let data65 = data64[i24];
if(typeof data65 === "string"){
if(!(formats76(data65))){
(vErrors ??= []).push({instancePath:instancePath+"/process/unit/" + i24,schemaPath:"#/properties/process/properties/unit/items/format",keyword:"format",params:{format: "process_pattern"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/process/unit/" + i24,schemaPath:"#/properties/process/properties/unit/items/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
}
}
if(data53.pod !== undefined){
let data66 = data53.pod;
if((typeof data66 !== "string") && (!(Array.isArray(data66)))){
(vErrors ??= []).push({instancePath:instancePath+"/process/pod",schemaPath:"#/properties/process/properties/pod/type",keyword:"type",params:{type: schema24.properties.process.properties.pod.type}});
errors++;
}
if(typeof data66 === "string"){
if(!(formats76(data66))){
(vErrors ??= []).push({instancePath:instancePath+"/process/pod",schemaPath:"#/properties/process/properties/pod/format",keyword:"format",params:{format: "process_pattern"}});
errors++;
}
}
if(Array.isArray(data66)){
if(data66.length > 256){
(vErrors ??= []).push({instancePath:instancePath+"/process/pod",schemaPath:"#/properties/process/properties/pod/maxItems",keyword:"maxItems",params:{limit: 256}});
errors++;
}
if(data66.length < 1){
(vErrors ??= []).push({instancePath:instancePath+"/process/pod",schemaPath:"#/properties/process/properties/pod/minItems",keyword:"minItems",params:{limit: 1}});
errors++;
}
const len19 = data66.length;
for(let i25=0; i25<len19; i25++){
if(errors >= 1000){break;}
let data67 = data66[i25];
if(typeof data67 === "string"){
if(!(formats76(data67))){
(vErrors ??= []).push({instancePath:instancePath+"/process/pod/" + i25,schemaPath:"#/properties/process/properties/pod/items/format",keyword:"format",params:{format: "process_pattern"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/process/pod/" + i25,schemaPath:"#/properties/process/properties/pod/items/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
}
}
if(data53.namespace !== undefined){
let data68 = data53.namespace;
if((typeof data68 !== "string") && (!(Array.isArray(data68)))){
(vErrors ??= []).push({instancePath:instancePath+"/process/namespace",schemaPath:"#/properties/process/properties/namespace/type",keyword:"type",params:{type: schema24.properties.process.properties.namespace.type}});
errors++;
}
if(typeof data68 === "string"){
if(!(formats76(data68))){
(vErrors ??= []).push({instancePath:instancePath+"/process/namespace",schemaPath:"#/properties/process/properties/namespace/format",keyword:"format",params:{format: "process_pattern"}});
errors++;
}
}
if(Array.isArray(data68)){
if(data68.length > 256){
(vErrors ??= []).push({instancePath:instancePath+"/process/namespace",schemaPath:"#/properties/process/properties/namespace/maxItems",keyword:"maxItems",params:{limit: 256}});
errors++;
}
if(data68.length < 1){
(vErrors ??= []).push({instancePath:instancePath+"/process/namespace",schemaPath:"#/properties/process/properties/namespace/minItems",keyword:"minItems",params:{limit: 1}});
errors++;
}
const len20 = data68.length;
for(let i26=0; i26<len20; i26++){
if(errors >= 1000){break;}
let data69 = data68[i26];
if(typeof data69 === "string"){
if(!(formats76(data69))){
(vErrors ??= []).push({instancePath:instancePath+"/process/namespace/" + i26,schemaPath:"#/properties/process/properties/namespace/items/format",keyword:"format",params:{format: "process_pattern"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/process/namespace/" + i26,schemaPath:"#/properties/process/properties/namespace/items/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/process",schemaPath:"#/properties/process/type",keyword:"type",params:{type: "object"}});
errors++;
}
}
if(data.not !== undefined){
let data70 = data.not;
if(data70 && typeof data70 == "object" && !Array.isArray(data70)){
for(const key11 in data70){
if(errors >= 1000){break;}
if(!((((key11 === "interfaces") || (key11 === "layer3")) || (key11 === "layer4")) || (key11 === "process"))){
(vErrors ??= []).push({instancePath:instancePath+"/not",schemaPath:"#/properties/not/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key11}});
errors++;
}
}
if(data70.interfaces !== undefined){
let data71 = data70.interfaces;
if(Array.isArray(data71)){
if(data71.length > 256){
(vErrors ??= []).push({instancePath:instancePath+"/not/interfaces",schemaPath:"#/definitions/interface_patterns/maxItems",keyword:"maxItems",params:{limit: 256}});
errors++;
}
const len21 = data71.length;
for(let i27=0; i27<len21; i27++){
if(errors >= 1000){break;}
let data72 = data71[i27];
if(typeof data72 === "string"){
if(!(formats0(data72))){
(vErrors ??= []).push({instancePath:instancePath+"/not/interfaces/" + i27,schemaPath:"#/definitions/interface_patterns/items/format",keyword:"format",params:{format: "interface"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/not/interfaces/" + i27,schemaPath:"#/definitions/interface_patterns/items/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/not/interfaces",schemaPath:"#/definitions/interface_patterns/type",keyword:"type",params:{type: "array"}});
errors++;
}
}
if(data70.layer3 !== undefined){
let data73 = data70.layer3;
if(data73 && typeof data73 == "object" && !Array.isArray(data73)){
for(const key12 in data73){
if(errors >= 1000){break;}
if(!((key12 === "source") || (key12 === "destination"))){
(vErrors ??= []).push({instancePath:instancePath+"/not/layer3",schemaPath:"#/properties/not/properties/layer3/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key12}});
errors++;
}
}
if(data73.source !== undefined){
let data74 = data73.source;
if(Array.isArray(data74)){
const len22 = data74.length;
for(let i28=0; i28<len22; i28++){
if(errors >= 1000){break;}
let data75 = data74[i28];
if(typeof data75 === "string"){
if(!(formats6(data75))){
(vErrors ??= []).push({instancePath:instancePath+"/not/layer3/source/" + i28,schemaPath:"#/definitions/networks/items/format",keyword:"format",params:{format: "network"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/not/layer3/source/" + i28,schemaPath:"#/definitions/networks/items/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/not/layer3/source",schemaPath:"#/definitions/networks/type",keyword:"type",params:{type: "array"}});
errors++;
}
}
if(data73.destination !== undefined){
let data76 = data73.destination;
if(Array.isArray(data76)){
const len23 = data76.length;
for(let i29=0; i29<len23; i29++){
if(errors >= 1000){break;}
let data77 = data76[i29];
if(typeof data77 === "string"){
if(!(formats6(data77))){
(vErrors ??= []).push({instancePath:instancePath+"/not/layer3/destination/" + i29,schemaPath:"#/definitions/networks/items/format",keyword:"format",params:{format: "network"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/not/layer3/destination/" + i29,schemaPath:"#/definitions/networks/items/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/not/layer3/destination",schemaPath:"#/definitions/networks/type",keyword:"type",params:{type: "array"}});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/not/layer3",schemaPath:"#/properties/not/properties/layer3/type",keyword:"type",params:{type: "object"}});
errors++;
}
}
if(data70.layer4 !== undefined){
let data78 = data70.layer4;
if(data78 && typeof data78 == "object" && !Array.isArray(data78)){
for(const key13 in data78){
if(errors >= 1000){break;}
if(!((((key13 === "protocol") || (key13 === "source_ports")) || (key13 === "destination_ports")) || (key13 === "icmp"))){
(vErrors ??= []).push({instancePath:instancePath+"/not/layer4",schemaPath:"#/properties/not/properties/layer4/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key13}});
errors++;
}
}
if(data78.protocol !== undefined){
let data79 = data78.protocol;
if((!(((typeof data79 == "number") && (!(data79 % 1) && !isNaN(data79))) && (isFinite(data79)))) && (typeof data79 !== "string")){
(vErrors ??= []).push({instancePath:instancePath+"/not/layer4/protocol",schemaPath:"#/properties/not/properties/layer4/properties/protocol/type",keyword:"type",params:{type: schema24.properties.not.properties.layer4.properties.protocol.type}});
errors++;
}
if((typeof data79 == "number") && (isFinite(data79))){
if(data79 > 255 || isNaN(data79)){
(vErrors ??= []).push({instancePath:instancePath+"/not/layer4/protocol",schemaPath:"#/properties/not/properties/layer4/properties/protocol/maximum",keyword:"maximum",params:{comparison: "<=", limit: 255}});
errors++;
}
if(data79 < 0 || isNaN(data79)){
(vErrors ??= []).push({instancePath:instancePath+"/not/layer4/protocol",schemaPath:"#/properties/not/properties/layer4/properties/protocol/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0}});
errors++;
}
}
if(typeof data79 === "string"){
if(!(formats58(data79))){
(vErrors ??= []).push({instancePath:instancePath+"/not/layer4/protocol",schemaPath:"#/properties/not/properties/layer4/properties/protocol/format",keyword:"format",params:{format: "protocol"}});
errors++;
}
}
}
if(data78.source_ports !== undefined){
let data80 = data78.source_ports;
if(Array.isArray(data80)){
const len24 = data80.length;
for(let i30=0; i30<len24; i30++){
if(errors >= 1000){break;}
let data81 = data80[i30];
if((!(((typeof data81 == "number") && (!(data81 % 1) && !isNaN(data81))) && (isFinite(data81)))) && (typeof data81 !== "string")){
(vErrors ??= []).push({instancePath:instancePath+"/not/layer4/source_ports/" + i30,schemaPath:"#/properties/not/properties/layer4/properties/source_ports/items/type",keyword:"type",params:{type: schema24.properties.not.properties.layer4.properties.source_ports.items.type}});
errors++;
}
if((typeof data81 == "number") && (isFinite(data81))){
if(data81 > 65535 || isNaN(data81)){
(vErrors ??= []).push({instancePath:instancePath+"/not/layer4/source_ports/" + i30,schemaPath:"#/properties/not/properties/layer4/properties/source_ports/items/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65535}});
errors++;
}
if(data81 < 0 || isNaN(data81)){
(vErrors ??= []).push({instancePath:instancePath+"/not/layer4/source_ports/" + i30,schemaPath:"#/properties/not/properties/layer4/properties/source_ports/items/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0}});
errors++;
}
}
if(typeof data81 === "string"){
if(!(formats60(data81))){
(vErrors ??= []).push({instancePath:instancePath+"/not/layer4/source_ports/" + i30,schemaPath:"#/properties/not/properties/layer4/properties/source_ports/items/format",keyword:"format",params:{format: "ports_or_set"}});
errors++;
}
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/not/layer4/source_ports",schemaPath:"#/properties/not/properties/layer4/properties/source_ports/type",keyword:"type",params:{type: "array"}});
errors++;
}
}
if(data78.destination_ports !== undefined){
let data82 = data78.destination_ports;
if(Array.isArray(data82)){
const len25 = data82.length;
for(let i31=0; i31<len25; i31++){
if(errors >= 1000){break;}
let data83 = data82[i31];
if((!(((typeof data83 == "number") && (!(data83 % 1) && !isNaN(data83))) && (isFinite(data83)))) && (typeof data83 !== "string")){
(vErrors ??= []).push({instancePath:instancePath+"/not/layer4/destination_ports/" + i31,schemaPath:"#/properties/not/properties/layer4/properties/destination_ports/items/type",keyword:"type",params:{type: schema24.properties.not.properties.layer4.properties.destination_ports.items.type}});
errors++;
}
if((typeof data83 == "number") && (isFinite(data83))){
if(data83 > 65535 || isNaN(data83)){
(vErrors ??= []).push({instancePath:instancePath+"/not/layer4/destination_ports/" + i31,schemaPath:"#/properties/not/properties/layer4/properties/destination_ports/items/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65535}});
errors++;
}
if(data83 < 0 || isNaN(data83)){
(vErrors ??= []).push({instancePath:instancePath+"/not/layer4/destination_ports/" + i31,schemaPath:"#/properties/not/properties/layer4/properties/destination_ports/items/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0}});
errors++;
}
}
if(typeof data83 === "string"){
if(!(formats60(data83))){
(vErrors ??= []).push({instancePath:instancePath+"/not/layer4/destination_ports/" + i31,schemaPath:"#/properties/not/properties/layer4/properties/destination_ports/items/format",keyword:"format",params:{format: "ports_or_set"}});
errors++;
}
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/not/layer4/destination_ports",schemaPath:"#/properties/not/properties/layer4/properties/destination_ports/type",keyword:"type",params:{type: "array"}});
errors++;
}
}
if(data78.icmp !== undefined){
let data84 = data78.icmp;
if(Array.isArray(data84)){
const len26 = data84.length;
for(let i32=0; i32<len26; i32++){
if(errors >= 1000){break;}
let data85 = data84[i32];
if(data85 && typeof data85 == "object" && !Array.isArray(data85)){
if(data85.type === undefined){
(vErrors ??= []).push({instancePath:instancePath+"/not/layer4/icmp/" + i32,schemaPath:"#/properties/not/properties/layer4/properties/icmp/items/required",keyword:"required",params:{missingProperty: "type"}});
errors++;
}
for(const key14 in data85){
if(errors >= 1000){break;}
if(!((key14 === "type") || (key14 === "code"))){
(vErrors ??= []).push({instancePath:instancePath+"/not/layer4/icmp/" + i32,schemaPath:"#/properties/not/properties/layer4/properties/icmp/items/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key14}});
errors++;
}
}
if(data85.type !== undefined){
let data86 = data85.type;
if((!(((typeof data86 == "number") && (!(data86 % 1) && !isNaN(data86))) && (isFinite(data86)))) && (typeof data86 !== "string")){
(vErrors ??= []).push({instancePath:instancePath+"/not/layer4/icmp/" + i32+"/type",schemaPath:"#/properties/not/properties/layer4/properties/icmp/items/properties/type/type",keyword:"type",params:{type: schema24.properties.not.properties.layer4.properties.icmp.items.properties.type.type}});
errors++;
}
if((typeof data86 == "number") && (isFinite(data86))){
if(data86 > 255 || isNaN(data86)){
(vErrors ??= []).push({instancePath:instancePath+"/not/layer4/icmp/" + i32+"/type",schemaPath:"#/properties/not/properties/layer4/properties/icmp/items/properties/type/maximum",keyword:"maximum",params:{comparison: "<=", limit: 255}});
errors++;
}
if(data86 < 0 || isNaN(data86)){
(vErrors ??= []).push({instancePath:instancePath+"/not/layer4/icmp/" + i32+"/type",schemaPath:"#/properties/not/properties/layer4/properties/icmp/items/properties/type/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0}});
errors++;
}
}
}
if(data85.code !== undefined){
let data87 = data85.code;
if((!(((typeof data87 == "number") && (!(data87 % 1) && !isNaN(data87))) && (isFinite(data87)))) && (typeof data87 !== "string")){
(vErrors ??= []).push({instancePath:instancePath+"/not/layer4/icmp/" + i32+"/code",schemaPath:"#/properties/not/properties/layer4/properties/icmp/items/properties/code/type",keyword:"type",params:{type: schema24.properties.not.properties.layer4.properties.icmp.items.properties.code.type}});
errors++;
}
if((typeof data87 == "number") && (isFinite(data87))){
if(data87 > 255 || isNaN(data87)){
(vErrors ??= []).push({instancePath:instancePath+"/not/layer4/icmp/" + i32+"/code",schemaPath:"#/properties/not/properties/layer4/properties/icmp/items/properties/code/maximum",keyword:"maximum",params:{comparison: "<=", limit: 255}});
errors++;
}
if(data87 < 0 || isNaN(data87)){
(vErrors ??= []).push({instancePath:instancePath+"/not/layer4/icmp/" + i32+"/code",schemaPath:"#/properties/not/properties/layer4/properties/icmp/items/properties/code/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0}});
errors++;
}
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/not/layer4/icmp/" + i32,schemaPath:"#/properties/not/properties/layer4/properties/icmp/items/type",keyword:"type",params:{type: "object"}});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/not/layer4/icmp",schemaPath:"#/properties/not/properties/layer4/properties/icmp/type",keyword:"type",params:{type: "array"}});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/not/layer4",schemaPath:"#/properties/not/properties/layer4/type",keyword:"type",params:{type: "object"}});
errors++;
}
}
if(data70.process !== undefined){
let data88 = data70.process;
if(data88 && typeof data88 == "object" && !Array.isArray(data88) && Object.keys(data88).length < 1){
(vErrors ??= []).push({instancePath:instancePath+"/not/process",schemaPath:"#/properties/not/properties/process/minProperties",keyword:"minProperties",params:{limit: 1}});
errors++;
}
if(data88 && typeof data88 == "object" && !Array.isArray(data88)){
for(const key15 in data88){
if(errors >= 1000){break;}
if(!((((((((key15 === "executable") || (key15 === "command")) || (key15 === "user")) || (key15 === "parent")) || (key15 === "container")) || (key15 === "unit")) || (key15 === "pod")) || (key15 === "namespace"))){
(vErrors ??= []).push({instancePath:instancePath+"/not/process",schemaPath:"#/properties/not/properties/process/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key15}});
errors++;
}
}
if(data88.executable !== undefined){
let data89 = data88.executable;
if((typeof data89 !== "string") && (!(Array.isArray(data89)))){
(vErrors ??= []).push({instancePath:instancePath+"/not/process/executable",schemaPath:"#/properties/not/properties/process/properties/executable/type",keyword:"type",params:{type: schema24.properties.not.properties.process.properties.executable.type}});
errors++;
}
if(typeof data89 === "string"){
if(!(formats72(data89))){
(vErrors ??= []).push({instancePath:instancePath+"/not/process/executable",schemaPath:"#/properties/not/properties/process/properties/executable/format",keyword:"format",params:{format: "executable_pattern"}});
errors++;
}
}
if(Array.isArray(data89)){
if(data89.length > 256){
(vErrors ??= []).push({instancePath:instancePath+"/not/process/executable",schemaPath:"#/properties/not/properties/process/properties/executable/maxItems",keyword:"maxItems",params:{limit: 256}});
errors++;
}
if(data89.length < 1){
(vErrors ??= []).push({instancePath:instancePath+"/not/process/executable",schemaPath:"#/properties/not/properties/process/properties/executable/minItems",keyword:"minItems",params:{limit: 1}});
errors++;
}
const len27 = data89.length;
for(let i33=0; i33<len27; i33++){
if(errors >= 1000){break;}
let data90 = data89[i33];
if(typeof data90 === "string"){
if(!(formats72(data90))){
(vErrors ??= []).push({instancePath:instancePath+"/not/process/executable/" + i33,schemaPath:"#/properties/not/properties/process/properties/executable/items/format",keyword:"format",params:{format: "executable_pattern"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/not/process/executable/" + i33,schemaPath:"#/properties/not/properties/process/properties/executable/items/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
}
}
if(data88.command !== undefined){
let data91 = data88.command;
if((typeof data91 !== "string") && (!(Array.isArray(data91)))){
(vErrors ??= []).push({instancePath:instancePath+"/not/process/command",schemaPath:"#/properties/not/properties/process/properties/command/type",keyword:"type",params:{type: schema24.properties.not.properties.process.properties.command.type}});
errors++;
}
if(typeof data91 === "string"){
if(!(formats76(data91))){
(vErrors ??= []).push({instancePath:instancePath+"/not/process/command",schemaPath:"#/properties/not/properties/process/properties/command/format",keyword:"format",params:{format: "process_pattern"}});
errors++;
}
}
if(Array.isArray(data91)){
if(data91.length > 256){
(vErrors ??= []).push({instancePath:instancePath+"/not/process/command",schemaPath:"#/properties/not/properties/process/properties/command/maxItems",keyword:"maxItems",params:{limit: 256}});
errors++;
}
if(data91.length < 1){
(vErrors ??= []).push({instancePath:instancePath+"/not/process/command",schemaPath:"#/properties/not/properties/process/properties/command/minItems",keyword:"minItems",params:{limit: 1}});
errors++;
}
const len28 = data91.length;
for(let i34=0; i34<len28; i34++){
if(errors >= 1000){break;}
let data92 = data91[i34];
if(typeof data92 === "string"){
if(!(formats76(data92))){
(vErrors ??= []).push({instancePath:instancePath+"/not/process/command/" + i34,schemaPath:"#/properties/not/properties/process/properties/command/items/format",keyword:"format",params:{format: "process_pattern"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/not/process/command/" + i34,schemaPath:"#/properties/not/properties/process/properties/command/items/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
}
}
if(data88.user !== undefined){
let data93 = data88.user;
if(((typeof data93 !== "string") && (!(((typeof data93 == "number") && (!(data93 % 1) && !isNaN(data93))) && (isFinite(data93))))) && (!(Array.isArray(data93)))){
(vErrors ??= []).push({instancePath:instancePath+"/not/process/user",schemaPath:"#/properties/not/properties/process/properties/user/type",keyword:"type",params:{type: schema24.properties.not.properties.process.properties.user.type}});
errors++;
}
if((typeof data93 == "number") && (isFinite(data93))){
if(data93 > 4294967294 || isNaN(data93)){
(vErrors ??= []).push({instancePath:instancePath+"/not/process/user",schemaPath:"#/properties/not/properties/process/properties/user/maximum",keyword:"maximum",params:{comparison: "<=", limit: 4294967294}});
errors++;
}
if(data93 < 0 || isNaN(data93)){
(vErrors ??= []).push({instancePath:instancePath+"/not/process/user",schemaPath:"#/properties/not/properties/process/properties/user/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0}});
errors++;
}
}
if(typeof data93 === "string"){
if(!(formats76(data93))){
(vErrors ??= []).push({instancePath:instancePath+"/not/process/user",schemaPath:"#/properties/not/properties/process/properties/user/format",keyword:"format",params:{format: "process_pattern"}});
errors++;
}
}
if(Array.isArray(data93)){
if(data93.length > 256){
(vErrors ??= []).push({instancePath:instancePath+"/not/process/user",schemaPath:"#/properties/not/properties/process/properties/user/maxItems",keyword:"maxItems",params:{limit: 256}});
errors++;
}
if(data93.length < 1){
(vErrors ??= []).push({instancePath:instancePath+"/not/process/user",schemaPath:"#/properties/not/properties/process/properties/user/minItems",keyword:"minItems",params:{limit: 1}});
errors++;
}
const len29 = data93.length;
for(let i35=0; i35<len29; i35++){
if(errors >= 1000){break;}
let data94 = data93[i35];
if((typeof data94 !== "string") && (!(((typeof data94 == "number") && (!(data94 % 1) && !isNaN(data94))) && (isFinite(data94))))){
(vErrors ??= []).push({instancePath:instancePath+"/not/process/user/" + i35,schemaPath:"#/properties/not/properties/process/properties/user/items/type",keyword:"type",params:{type: schema24.properties.not.properties.process.properties.user.items.type}});
errors++;
}
if((typeof data94 == "number") && (isFinite(data94))){
if(data94 > 4294967294 || isNaN(data94)){
(vErrors ??= []).push({instancePath:instancePath+"/not/process/user/" + i35,schemaPath:"#/properties/not/properties/process/properties/user/items/maximum",keyword:"maximum",params:{comparison: "<=", limit: 4294967294}});
errors++;
}
if(data94 < 0 || isNaN(data94)){
(vErrors ??= []).push({instancePath:instancePath+"/not/process/user/" + i35,schemaPath:"#/properties/not/properties/process/properties/user/items/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0}});
errors++;
}
}
if(typeof data94 === "string"){
if(!(formats76(data94))){
(vErrors ??= []).push({instancePath:instancePath+"/not/process/user/" + i35,schemaPath:"#/properties/not/properties/process/properties/user/items/format",keyword:"format",params:{format: "process_pattern"}});
errors++;
}
}
}
}
}
if(data88.parent !== undefined){
let data95 = data88.parent;
if((typeof data95 !== "string") && (!(Array.isArray(data95)))){
(vErrors ??= []).push({instancePath:instancePath+"/not/process/parent",schemaPath:"#/properties/not/properties/process/properties/parent/type",keyword:"type",params:{type: schema24.properties.not.properties.process.properties.parent.type}});
errors++;
}
if(typeof data95 === "string"){
if(!(formats72(data95))){
(vErrors ??= []).push({instancePath:instancePath+"/not/process/parent",schemaPath:"#/properties/not/properties/process/properties/parent/format",keyword:"format",params:{format: "executable_pattern"}});
errors++;
}
}
if(Array.isArray(data95)){
if(data95.length > 256){
(vErrors ??= []).push({instancePath:instancePath+"/not/process/parent",schemaPath:"#/properties/not/properties/process/properties/parent/maxItems",keyword:"maxItems",params:{limit: 256}});
errors++;
}
if(data95.length < 1){
(vErrors ??= []).push({instancePath:instancePath+"/not/process/parent",schemaPath:"#/properties/not/properties/process/properties/parent/minItems",keyword:"minItems",params:{limit: 1}});
errors++;
}
const len30 = data95.length;
for(let i36=0; i36<len30; i36++){
if(errors >= 1000){break;}
let data96 = data95[i36];
if(typeof data96 === "string"){
if(!(formats72(data96))){
(vErrors ??= []).push({instancePath:instancePath+"/not/process/parent/" + i36,schemaPath:"#/properties/not/properties/process/properties/parent/items/format",keyword:"format",params:{format: "executable_pattern"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/not/process/parent/" + i36,schemaPath:"#/properties/not/properties/process/properties/parent/items/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
}
}
if(data88.container !== undefined){
let data97 = data88.container;
if((typeof data97 !== "string") && (!(Array.isArray(data97)))){
(vErrors ??= []).push({instancePath:instancePath+"/not/process/container",schemaPath:"#/properties/not/properties/process/properties/container/type",keyword:"type",params:{type: schema24.properties.not.properties.process.properties.container.type}});
errors++;
}
if(typeof data97 === "string"){
if(!(formats76(data97))){
(vErrors ??= []).push({instancePath:instancePath+"/not/process/container",schemaPath:"#/properties/not/properties/process/properties/container/format",keyword:"format",params:{format: "process_pattern"}});
errors++;
}
}
if(Array.isArray(data97)){
if(data97.length > 256){
(vErrors ??= []).push({instancePath:instancePath+"/not/process/container",schemaPath:"#/properties/not/properties/process/properties/container/maxItems",keyword:"maxItems",params:{limit: 256}});
errors++;
}
if(data97.length < 1){
(vErrors ??= []).push({instancePath:instancePath+"/not/process/container",schemaPath:"#/properties/not/properties/process/properties/container/minItems",keyword:"minItems",params:{limit: 1}});
errors++;
}
const len31 = data97.length;
for(let i37=0; i37<len31; i37++){
if(errors >= 1000){break;}
let data98 = data97[i37];
if(typeof data98 === "string"){
if(!(formats76(data98))){
(vErrors ??= []).push({instancePath:instancePath+"/not/process/container/" + i37,schemaPath:"#/properties/not/properties/process/properties/container/items/format",keyword:"format",params:{format: "process_pattern"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/not/process/container/" + i37,schemaPath:"#/properties/not/properties/process/properties/container/items/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
}
}
if(data88.unit !== undefined){
let data99 = data88.unit;
if((typeof data99 !== "string") && (!(Array.isArray(data99)))){
(vErrors ??= []).push({instancePath:instancePath+"/not/process/unit",schemaPath:"#/properties/not/properties/process/properties/unit/type",keyword:"type",params:{type: schema24.properties.not.properties.process.properties.unit.type}});
errors++;
}
if(typeof data99 === "string"){
if(!(formats76(data99))){
(vErrors ??= []).push({instancePath:instancePath+"/not/process/unit",schemaPath:"#/properties/not/properties/process/properties/unit/format",keyword:"format",params:{format: "process_pattern"}});
errors++;
}
}
if(Array.isArray(data99)){
if(data99.length > 256){
(vErrors ??= []).push({instancePath:instancePath+"/not/process/unit",schemaPath:"#/properties/not/properties/process/properties/unit/maxItems",keyword:"maxItems",params:{limit: 256}});
errors++;
}
if(data99.length < 1){
(vErrors ??= []).push({instancePath:instancePath+"/not/process/unit",schemaPath:"#/properties/not/properties/process/properties/unit/minItems",keyword:"minItems",params:{limit: 1}});
errors++;
}
const len32 = data99.length;
for(let i38=0; i38<len32; i38++){
if(errors >= 1000){break;}
let data100 = data99[i38];
if(typeof data100 === "string"){
if(!(formats76(data100))){
(vErrors ??= []).push({instancePath:instancePath+"/not/process/unit/" + i38,schemaPath:"#/properties/not/properties/process/properties/unit/items/format",keyword:"format",params:{format: "process_pattern"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/not/process/unit/" + i38,schemaPath:"#/properties/not/properties/process/properties/unit/items/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
}
}
if(data88.pod !== undefined){
let data101 = data88.pod;
if((typeof data101 !== "string") && (!(Array.isArray(data101)))){
(vErrors ??= []).push({instancePath:instancePath+"/not/process/pod",schemaPath:"#/properties/not/properties/process/properties/pod/type",keyword:"type",params:{type: schema24.properties.not.properties.process.properties.pod.type}});
errors++;
}
if(typeof data101 === "string"){
if(!(formats76(data101))){
(vErrors ??= []).push({instancePath:instancePath+"/not/process/pod",schemaPath:"#/properties/not/properties/process/properties/pod/format",keyword:"format",params:{format: "process_pattern"}});
errors++;
}
}
if(Array.isArray(data101)){
if(data101.length > 256){
(vErrors ??= []).push({instancePath:instancePath+"/not/process/pod",schemaPath:"#/properties/not/properties/process/properties/pod/maxItems",keyword:"maxItems",params:{limit: 256}});
errors++;
}
if(data101.length < 1){
(vErrors ??= []).push({instancePath:instancePath+"/not/process/pod",schemaPath:"#/properties/not/properties/process/properties/pod/minItems",keyword:"minItems",params:{limit: 1}});
errors++;
}
const len33 = data101.length;
for(let i39=0; i39<len33; i39++){
if(errors >= 1000){break;}
let data102 = data101[i39];
if(typeof data102 === "string"){
if(!(formats76(data102))){
(vErrors ??= []).push({instancePath:instancePath+"/not/process/pod/" + i39,schemaPath:"#/properties/not/properties/process/properties/pod/items/format",keyword:"format",params:{format: "process_pattern"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/not/process/pod/" + i39,schemaPath:"#/properties/not/properties/process/properties/pod/items/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
}
}
if(data88.namespace !== undefined){
let data103 = data88.namespace;
if((typeof data103 !== "string") && (!(Array.isArray(data103)))){
(vErrors ??= []).push({instancePath:instancePath+"/not/process/namespace",schemaPath:"#/properties/not/properties/process/properties/namespace/type",keyword:"type",params:{type: schema24.properties.not.properties.process.properties.namespace.type}});
errors++;
}
if(typeof data103 === "string"){
if(!(formats76(data103))){
(vErrors ??= []).push({instancePath:instancePath+"/not/process/namespace",schemaPath:"#/properties/not/properties/process/properties/namespace/format",keyword:"format",params:{format: "process_pattern"}});
errors++;
}
}
if(Array.isArray(data103)){
if(data103.length > 256){
(vErrors ??= []).push({instancePath:instancePath+"/not/process/namespace",schemaPath:"#/properties/not/properties/process/properties/namespace/maxItems",keyword:"maxItems",params:{limit: 256}});
errors++;
}
if(data103.length < 1){
(vErrors ??= []).push({instancePath:instancePath+"/not/process/namespace",schemaPath:"#/properties/not/properties/process/properties/namespace/minItems",keyword:"minItems",params:{limit: 1}});
errors++;
}
const len34 = data103.length;
for(let i40=0; i40<len34; i40++){
if(errors >= 1000){break;}
let data104 = data103[i40];
if(typeof data104 === "string"){
if(!(formats76(data104))){
(vErrors ??= []).push({instancePath:instancePath+"/not/process/namespace/" + i40,schemaPath:"#/properties/not/properties/process/properties/namespace/items/format",keyword:"format",params:{format: "process_pattern"}});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/not/process/namespace/" + i40,schemaPath:"#/properties/not/properties/process/properties/namespace/items/type",keyword:"type",params:{type: "string"}});
errors++;
}
}
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/not/process",schemaPath:"#/properties/not/properties/process/type",keyword:"type",params:{type: "object"}});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/not",schemaPath:"#/properties/not/type",keyword:"type",params:{type: "object"}});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"}});
errors++;
}
validate13.errors = vErrors;
return errors === 0;
}
return { file: validate10, rule: validate13 };
}
