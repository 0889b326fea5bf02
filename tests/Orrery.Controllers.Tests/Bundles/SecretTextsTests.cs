using System.Text.Json.Nodes;
using Orrery.Controllers.Installations;

namespace Orrery.Controllers.Tests.Bundles;

/// <summary>Values out of Secrets are not told, however a sentence has them.</summary>
public sealed class SecretTextsTests
{
    [Theory]
    [InlineData("""{"a": {"key": "hunter22"}}""", "spec.type: Unsupported value: \"hunter22\"", "spec.type: Unsupported value: \"(secret)\"")]
    [InlineData("""{"list": [{"pin": 73519}]}""", "template: 73519 is no port", "template: (secret) is no port")]
    [InlineData("""{"key": "say \"it\""}""", """value "say \"it\"" is bad, also say "it".""", """value "(secret)" is bad, also (secret).""")]
    [InlineData("""{"key": "hunter22"}""", "data[key]: aHVudGVyMjI=", "data[key]: (secret)")]
    [InlineData("""{"key": "-----BEGIN KEY-----\nMIIB1234\nabcd5678\n-----END KEY-----\n"}""", "at abcd5678: bad; or -----BEGIN KEY-----\\nMIIB1234\\nabcd5678\\n-----END KEY-----", "at (secret): bad; or (secret)")]
    [InlineData("""{"long": "hunter22-and-more", "short": "hunter22"}""", "hunter22-and-more, hunter22", "(secret), (secret)")]
    [InlineData("""{"flag": true, "small": "on", "name": "true", "nothing": null}""", "on is true, and null is on", "on is true, and null is on")]
    public void TakeOut_WhatASecretSays_IsNotTold(string values, string sentence, string told)
    {
        var secrets = new SecretTexts();
        secrets.Add(JsonNode.Parse(values));

        Assert.Equal(told, secrets.TakeOut(sentence));
    }
}
