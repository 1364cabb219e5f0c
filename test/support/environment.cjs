// Jest runs each test file with modules of its own. Connections to the worker's database outlive the file (postgres.ts): on a new
// one the server would plan every statement anew, which for most files took longer than their tests.
const { TestEnvironment } = require('jest-environment-node');

const connections = new Map();
const resets = new Map();

module.exports = class extends TestEnvironment {
  constructor(...given) {
    super(...given);
    this.global.usherConnections = connections;
    this.global.usherResets = resets;
  }
};
