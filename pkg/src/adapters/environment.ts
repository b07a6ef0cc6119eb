/** What is made of options: at once, or of a function of the environment, for each one it is asked for. */

/** What was made for an environment. Made at once from options, else when it is first asked for, and then kept. */
export function onceFor<Options extends object, Env, Made>(
  setup: Options | ((env: Env) => Options),
  make: (options: Options) => Made,
): (env: Env) => Made {
  if (typeof setup !== "function") {
    const made = make(setup);
    return () => made;
  }
  const kept = new Map<Env, Made>();
  return (env) => {
    const known = kept.get(env);
    if (known !== undefined) return known;
    const made = make(setup(env));
    // A platform that made a new environment for each request would fill this.
    kept.clear();
    kept.set(env, made);
    return made;
  };
}
