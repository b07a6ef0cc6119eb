declare module "virtual:first-story" {
  /** What the first scene comes to, recorded while the page was built. */
  const stories: import("./step.js").Stories;
  export default stories;
}
