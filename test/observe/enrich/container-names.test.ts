import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { test } from "node:test";

import {
  ContainerNames,
  type FoundNames,
  type NamesFound,
  type NameSource,
  podKey,
} from "../../../agent/observe/enrich/container-names.ts";
import type { Workload } from "../../../agent/values/workload.ts";

const ID = "c".repeat(64);
const UID = "74c13223-5a00-11e9-b385-42010a80018d";
const inDocker: Workload = { container: { id: ID, runtime: "docker" } };
const inPod: Workload = { pod: { uid: UID }, container: { id: ID } };

/** Answers when it is told to. */
class Slow implements NameSource {
  readonly asked: (string | undefined)[] = [];
  readonly #answers: ((found: NamesFound) => void)[] = [];

  ask(container: string | undefined): Promise<NamesFound> {
    this.asked.push(container);
    return new Promise((answer) => this.#answers.push(answer));
  }

  async answer(found: Record<string, FoundNames> = {}): Promise<void> {
    this.#answers.shift()!(new Map(Object.entries(found)));
    for (let turns = 0; turns < 5; turns++) await turn();
  }
}

class Missing implements NameSource {
  asked = 0;

  ask(): Promise<NamesFound> {
    this.asked++;
    return Promise.reject(new Error("nobody listens"));
  }
}

function make(): { names: ContainerNames; docker: Slow; podman: Slow; pods: Slow; clock: { now: number } } {
  const [docker, podman, pods, clock] = [new Slow(), new Slow(), new Slow(), { now: 0 }];
  return { names: new ContainerNames({ docker, podman, pods }, () => clock.now), docker, podman, pods, clock };
}

test("an event does not wait for a name; the next one has it", async () => {
  const { names, docker } = make();
  assert.equal(names.of(inDocker), inDocker);
  assert.equal(names.of(inDocker), inDocker);
  assert.deepEqual(docker.asked, [ID], "asked once, although two events want it");
  await docker.answer({ [ID]: { container: { name: "web", image: "nginx" } } });
  assert.deepEqual(names.of(inDocker), { container: { id: ID, runtime: "docker", name: "web", image: "nginx" } });
  assert.deepEqual(docker.asked, [ID]);
});

test("what nobody knows is asked again a little later, and what is known now and then, keeping what was said", async () => {
  const { names, docker, clock } = make();
  names.of(inDocker);
  await docker.answer();
  names.of(inDocker);
  assert.equal(docker.asked.length, 1);
  clock.now += 3001;
  names.of(inDocker);
  assert.equal(docker.asked.length, 2);
  await docker.answer({ [ID]: { container: { name: "web" } } });
  clock.now += 300_001;
  assert.equal(names.of(inDocker).container?.name, "web");
  assert.equal(docker.asked.length, 3);
  await docker.answer({ [ID]: { container: { name: "renamed" } } });
  assert.equal(names.of(inDocker).container?.name, "renamed");
  clock.now += 300_001;
  names.of(inDocker);
  await docker.answer();
  assert.equal(names.of(inDocker).container?.name, "renamed", "a container that is gone keeps its name");
});

test("a runtime that is not there costs the name and nothing else", async () => {
  const docker = new Missing();
  const names = new ContainerNames({ docker, podman: new Missing(), pods: new Missing() });
  await names.start();
  assert.equal(names.of(inDocker), inDocker);
  for (let turns = 0; turns < 5; turns++) await turn();
  assert.equal(names.of(inDocker), inDocker);
  assert.equal(docker.asked, 2);
});

test("each runtime is asked for its own, both for what could be of either, and the files of pods for pods", async () => {
  const { names, docker, podman, pods } = make();
  names.of({ container: { id: "1", runtime: "podman" } });
  names.of({ container: { id: "2" } });
  names.of({ ...inPod, container: { id: "3", runtime: "docker" } });
  await docker.answer();
  assert.deepEqual([docker.asked, podman.asked, pods.asked], [["2"], ["1", "2"], ["3"]]);
});

test("units, what names itself, and what a user's own runtime made are asked for nowhere", () => {
  const { names, docker, podman, pods } = make();
  for (const workload of [
    {},
    { unit: "nginx.service" },
    { container: { id: "web", name: "web", runtime: "lxc" } },
    { unit: "user@1000.service", container: { id: ID, runtime: "podman" } },
    { unit: "user@1000.service/web.service", container: { id: ID, runtime: "docker" } },
  ])
    assert.equal(names.of(workload), workload);
  assert.deepEqual([docker.asked, podman.asked, pods.asked], [[], [], []]);
  names.of({ container: { id: ID, runtime: "containerd" } });
  assert.deepEqual([docker.asked, podman.asked, pods.asked], [[], [], []]);
});

test("a pod is named for each of its containers, also for one that has no name yet", async () => {
  const { names, pods } = make();
  names.of(inPod);
  await pods.answer({ [podKey(UID)]: { pod: { name: "web-0", namespace: "shop" } } });
  assert.deepEqual(names.of(inPod), { pod: { uid: UID, name: "web-0", namespace: "shop" }, container: { id: ID } });
  const other = { ...inPod, container: { id: "d".repeat(64) } };
  assert.deepEqual(names.of(other), { pod: { uid: UID, name: "web-0", namespace: "shop" }, container: other.container });
  await pods.answer({ [other.container.id]: { container: { name: "nginx" }, pod: { name: "web-0", namespace: "shop" } } });
  assert.deepEqual(names.of(other).container, { ...other.container, name: "nginx" });
});

test("those that run at the start are known before their first event", async () => {
  const { names, docker, podman, pods } = make();
  const started = names.start();
  await docker.answer({ [ID]: { container: { name: "web" } } });
  await podman.answer();
  await pods.answer();
  await started;
  assert.deepEqual([docker.asked, podman.asked, pods.asked], [[undefined], [undefined], [undefined]]);
  assert.equal(names.of(inDocker).container?.name, "web");
});

test("however many containers there are, few are asked for at once, and as many wait as the bound allows", async () => {
  const { names, docker } = make();
  for (let id = 0; id < 10_000; id++) names.of({ container: { id: String(id), runtime: "docker" } });
  assert.equal(docker.asked.length, 4);
  for (let answers = 0; answers < 4 + 256; answers++) await docker.answer();
  assert.equal(docker.asked.length, 4 + 256);
});

test("after the end nothing is asked", () => {
  const { names, docker } = make();
  names.close();
  assert.equal(names.of(inDocker), inDocker);
  assert.deepEqual(docker.asked, []);
});
