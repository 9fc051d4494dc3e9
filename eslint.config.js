import tseslint from "typescript-eslint";

const restricted = {
  "no-restricted-globals": [
    "error",
    { name: "process", message: "Read the environment in config/environment.ts, write output in cli/." },
    { name: "console", message: "Only the command line prints; the library logs through logger.ts." },
    { name: "setTimeout", message: "Time comes from the injected Clock (clock.ts)." },
    { name: "setInterval", message: "Time comes from the injected Clock (clock.ts)." },
    { name: "setImmediate", message: "Time comes from the injected Clock (clock.ts)." },
    { name: "performance", message: "Time comes from the injected Clock (clock.ts)." },
  ],
  "no-restricted-properties": [
    "error",
    { object: "Date", property: "now", message: "Time comes from the injected Clock (clock.ts)." },
    { object: "Math", property: "random", message: "Randomness is a port: `random`." },
    { object: "AbortSignal", property: "timeout", message: "A hidden clock: use Clock.sleep." },
  ],
};

export default tseslint.config(
  {
    ignores: [
      "dist",
      "temp",
      "coverage",
      "reports",
      "node_modules",
      ".matrix",
      "test/package/consumer",
      "**/*.js",
      "**/*.cjs",
      "**/*.mjs",
    ],
  },
  // Rules hold everywhere or are changed here, where everybody sees it.
  { linterOptions: { noInlineConfig: true } },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/return-await": ["error", "always"],
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "@typescript-eslint/only-throw-error": [
        "error",
        { allowThrowingUnknown: true, allowThrowingAny: false },
      ],
      "@typescript-eslint/prefer-promise-reject-errors": [
        "error",
        { allowThrowingUnknown: true, allowThrowingAny: true },
      ],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true },
      ],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/no-unnecessary-condition": ["error", { allowConstantLoopConditions: true }],
      "no-restricted-syntax": [
        "error",
        { selector: "ExportDefaultDeclaration", message: "Named exports only." },
        { selector: "ExportAllDeclaration", message: "index.ts lists its names." },
        { selector: "TSEnumDeclaration", message: "Use a union of string literals." },
      ],
    },
  },
  {
    files: ["src/**/*.ts"],
    ignores: [
      "src/clock.ts",
      "src/process-events.ts",
      "src/cli/**",
      "src/testing/**",
      "src/config/environment.ts",
      "src/register.ts",
    ],
    rules: restricted,
  },
  { files: ["*.config.ts"], rules: { "no-restricted-syntax": "off" } },
  {
    files: ["test/**/*.ts", "bench/**/*.ts", "examples/**/*.ts"],
    rules: {
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/require-await": "off",
    },
  },
);
