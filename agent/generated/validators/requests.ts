// @ts-nocheck
/** Written by agent/setup/generate-validators.ts with ajv. The schemas are those of agent/service/requests/requests.ts. */

import type { DefinedError } from "ajv";

/** Keeps what is wrong with the last value that it judged. */
export type Validator = ((value: unknown) => boolean) & { errors?: DefinedError[] | null };

export type Name = "setMode" | "reload";

export function validators(formats: Readonly<Record<string, (text: string) => boolean>>): Record<Name, Validator> {
const schema11 = {"type":"object","additionalProperties":false,"required":["mode"],"properties":{"mode":{"enum":["detect","prevent"]},"session":{"type":"object","additionalProperties":false,"required":["address","remote_port","local_port"],"properties":{"address":{"type":"string","format":"plain_address"},"remote_port":{"type":"integer","minimum":1,"maximum":65535},"local_port":{"type":"integer","minimum":1,"maximum":65535}}}}};
const formats0 = formats.plain_address;
function validate10(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(errors === 0){
if(data && typeof data == "object" && !Array.isArray(data)){
let missing0;
if((data.mode === undefined) && (missing0 = "mode")){
validate10.errors = [{instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: missing0}}];
return false;
}
else {
const _errs1 = errors;
for(const key0 in data){
if(!((key0 === "mode") || (key0 === "session"))){
validate10.errors = [{instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0}}];
return false;
break;
}
}
if(_errs1 === errors){
if(data.mode !== undefined){
let data0 = data.mode;
const _errs2 = errors;
if(!((data0 === "detect") || (data0 === "prevent"))){
validate10.errors = [{instancePath:instancePath+"/mode",schemaPath:"#/properties/mode/enum",keyword:"enum",params:{allowedValues: schema11.properties.mode.enum}}];
return false;
}
var valid0 = _errs2 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.session !== undefined){
let data1 = data.session;
const _errs3 = errors;
if(errors === _errs3){
if(data1 && typeof data1 == "object" && !Array.isArray(data1)){
let missing1;
if((((data1.address === undefined) && (missing1 = "address")) || ((data1.remote_port === undefined) && (missing1 = "remote_port"))) || ((data1.local_port === undefined) && (missing1 = "local_port"))){
validate10.errors = [{instancePath:instancePath+"/session",schemaPath:"#/properties/session/required",keyword:"required",params:{missingProperty: missing1}}];
return false;
}
else {
const _errs5 = errors;
for(const key1 in data1){
if(!(((key1 === "address") || (key1 === "remote_port")) || (key1 === "local_port"))){
validate10.errors = [{instancePath:instancePath+"/session",schemaPath:"#/properties/session/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key1}}];
return false;
break;
}
}
if(_errs5 === errors){
if(data1.address !== undefined){
let data2 = data1.address;
const _errs6 = errors;
if(errors === _errs6){
if(errors === _errs6){
if(typeof data2 === "string"){
if(!(formats0(data2))){
validate10.errors = [{instancePath:instancePath+"/session/address",schemaPath:"#/properties/session/properties/address/format",keyword:"format",params:{format: "plain_address"}}];
return false;
}
}
else {
validate10.errors = [{instancePath:instancePath+"/session/address",schemaPath:"#/properties/session/properties/address/type",keyword:"type",params:{type: "string"}}];
return false;
}
}
}
var valid1 = _errs6 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data1.remote_port !== undefined){
let data3 = data1.remote_port;
const _errs8 = errors;
if(!(((typeof data3 == "number") && (!(data3 % 1) && !isNaN(data3))) && (isFinite(data3)))){
validate10.errors = [{instancePath:instancePath+"/session/remote_port",schemaPath:"#/properties/session/properties/remote_port/type",keyword:"type",params:{type: "integer"}}];
return false;
}
if(errors === _errs8){
if((typeof data3 == "number") && (isFinite(data3))){
if(data3 > 65535 || isNaN(data3)){
validate10.errors = [{instancePath:instancePath+"/session/remote_port",schemaPath:"#/properties/session/properties/remote_port/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65535}}];
return false;
}
else {
if(data3 < 1 || isNaN(data3)){
validate10.errors = [{instancePath:instancePath+"/session/remote_port",schemaPath:"#/properties/session/properties/remote_port/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1}}];
return false;
}
}
}
}
var valid1 = _errs8 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data1.local_port !== undefined){
let data4 = data1.local_port;
const _errs10 = errors;
if(!(((typeof data4 == "number") && (!(data4 % 1) && !isNaN(data4))) && (isFinite(data4)))){
validate10.errors = [{instancePath:instancePath+"/session/local_port",schemaPath:"#/properties/session/properties/local_port/type",keyword:"type",params:{type: "integer"}}];
return false;
}
if(errors === _errs10){
if((typeof data4 == "number") && (isFinite(data4))){
if(data4 > 65535 || isNaN(data4)){
validate10.errors = [{instancePath:instancePath+"/session/local_port",schemaPath:"#/properties/session/properties/local_port/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65535}}];
return false;
}
else {
if(data4 < 1 || isNaN(data4)){
validate10.errors = [{instancePath:instancePath+"/session/local_port",schemaPath:"#/properties/session/properties/local_port/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1}}];
return false;
}
}
}
}
var valid1 = _errs10 === errors;
}
else {
var valid1 = true;
}
}
}
}
}
}
else {
validate10.errors = [{instancePath:instancePath+"/session",schemaPath:"#/properties/session/type",keyword:"type",params:{type: "object"}}];
return false;
}
}
var valid0 = _errs3 === errors;
}
else {
var valid0 = true;
}
}
}
}
}
else {
validate10.errors = [{instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"}}];
return false;
}
}
validate10.errors = vErrors;
return errors === 0;
}
function validate11(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(errors === 0){
if(data && typeof data == "object" && !Array.isArray(data)){
const _errs1 = errors;
for(const key0 in data){
if(!(key0 === "session")){
validate11.errors = [{instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0}}];
return false;
break;
}
}
if(_errs1 === errors){
if(data.session !== undefined){
let data0 = data.session;
const _errs2 = errors;
if(errors === _errs2){
if(data0 && typeof data0 == "object" && !Array.isArray(data0)){
let missing0;
if((((data0.address === undefined) && (missing0 = "address")) || ((data0.remote_port === undefined) && (missing0 = "remote_port"))) || ((data0.local_port === undefined) && (missing0 = "local_port"))){
validate11.errors = [{instancePath:instancePath+"/session",schemaPath:"#/properties/session/required",keyword:"required",params:{missingProperty: missing0}}];
return false;
}
else {
const _errs4 = errors;
for(const key1 in data0){
if(!(((key1 === "address") || (key1 === "remote_port")) || (key1 === "local_port"))){
validate11.errors = [{instancePath:instancePath+"/session",schemaPath:"#/properties/session/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key1}}];
return false;
break;
}
}
if(_errs4 === errors){
if(data0.address !== undefined){
let data1 = data0.address;
const _errs5 = errors;
if(errors === _errs5){
if(errors === _errs5){
if(typeof data1 === "string"){
if(!(formats0(data1))){
validate11.errors = [{instancePath:instancePath+"/session/address",schemaPath:"#/properties/session/properties/address/format",keyword:"format",params:{format: "plain_address"}}];
return false;
}
}
else {
validate11.errors = [{instancePath:instancePath+"/session/address",schemaPath:"#/properties/session/properties/address/type",keyword:"type",params:{type: "string"}}];
return false;
}
}
}
var valid1 = _errs5 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data0.remote_port !== undefined){
let data2 = data0.remote_port;
const _errs7 = errors;
if(!(((typeof data2 == "number") && (!(data2 % 1) && !isNaN(data2))) && (isFinite(data2)))){
validate11.errors = [{instancePath:instancePath+"/session/remote_port",schemaPath:"#/properties/session/properties/remote_port/type",keyword:"type",params:{type: "integer"}}];
return false;
}
if(errors === _errs7){
if((typeof data2 == "number") && (isFinite(data2))){
if(data2 > 65535 || isNaN(data2)){
validate11.errors = [{instancePath:instancePath+"/session/remote_port",schemaPath:"#/properties/session/properties/remote_port/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65535}}];
return false;
}
else {
if(data2 < 1 || isNaN(data2)){
validate11.errors = [{instancePath:instancePath+"/session/remote_port",schemaPath:"#/properties/session/properties/remote_port/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1}}];
return false;
}
}
}
}
var valid1 = _errs7 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data0.local_port !== undefined){
let data3 = data0.local_port;
const _errs9 = errors;
if(!(((typeof data3 == "number") && (!(data3 % 1) && !isNaN(data3))) && (isFinite(data3)))){
validate11.errors = [{instancePath:instancePath+"/session/local_port",schemaPath:"#/properties/session/properties/local_port/type",keyword:"type",params:{type: "integer"}}];
return false;
}
if(errors === _errs9){
if((typeof data3 == "number") && (isFinite(data3))){
if(data3 > 65535 || isNaN(data3)){
validate11.errors = [{instancePath:instancePath+"/session/local_port",schemaPath:"#/properties/session/properties/local_port/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65535}}];
return false;
}
else {
if(data3 < 1 || isNaN(data3)){
validate11.errors = [{instancePath:instancePath+"/session/local_port",schemaPath:"#/properties/session/properties/local_port/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1}}];
return false;
}
}
}
}
var valid1 = _errs9 === errors;
}
else {
var valid1 = true;
}
}
}
}
}
}
else {
validate11.errors = [{instancePath:instancePath+"/session",schemaPath:"#/properties/session/type",keyword:"type",params:{type: "object"}}];
return false;
}
}
}
}
}
else {
validate11.errors = [{instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"}}];
return false;
}
}
validate11.errors = vErrors;
return errors === 0;
}
return { setMode: validate10, reload: validate11 };
}
