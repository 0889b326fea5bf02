using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Admission;
using Orrery.Testing;
using static Orrery.Server.Tests.Admission.AdmissionWorld;

namespace Orrery.Server.Tests.Admission;

/// <summary>What an operator says of Pod Security for a whole server.</summary>
public sealed class PodSecurityConfigurationTests
{
    private static readonly CancellationToken Token = ServerFixture.Token;

    private const string Inside = """
        {"apiVersion":"pod-security.admission.config.k8s.io/v1","kind":"PodSecurityConfiguration","defaults":{"enforce":"baseline","warn":"restricted","warn-version":"v1.30"},
         "exemptions":{"usernames":["ci"],"runtimeClasses":["sandboxed"],"namespaces":["builders"]}}
        """;

    [Fact]
    public async Task Create_WhereNoLabelSays_IsHeldToTheDefaultsUnlessItIsLetOff()
    {
        await using TestServer server = await StartAsync(Inside);
        foreach (string ns in (string[])["plain", "builders"])
        {
            await server.Admin.CreateAsync(ServerFixture.Namespaces, "", ServerFixture.Named(ns), Token);
        }

        await server.Admin.CreateAsync(ServerFixture.Namespaces, "", Json("""{"metadata":{"name":"free","labels":{"pod-security.kubernetes.io/enforce":"privileged"}}}"""), Token);
        await server.Admin.CreateAsync(new GroupVersionResource("node.k8s.io", "v1", "runtimeclasses"), "", Json("""{"metadata":{"name":"sandboxed"},"handler":"h"}"""), Token);

        (int refused, JsonObject status, _) = await PodAsync(server, "plain", "a", ""","hostNetwork":true""");
        (int warned, _, string[] warnings) = await PodAsync(server, "plain", "b", "");
        (int labelled, _, _) = await PodAsync(server, "free", "a", ""","hostNetwork":true""");
        (int byNamespace, _, string[] none) = await PodAsync(server, "builders", "a", ""","hostNetwork":true""");
        (int byClass, _, _) = await PodAsync(server, "plain", "c", ""","hostNetwork":true,"runtimeClassName":"sandboxed" """);

        Assert.Equal((403, "pods \"a\" is forbidden: violates PodSecurity \"baseline:latest\": host namespaces (hostNetwork=true)"), (refused, status.TextAt("message")));
        Assert.Equal(201, warned);
        Assert.StartsWith("would violate PodSecurity \"restricted:v1.30\": ", Assert.Single(warnings), StringComparison.Ordinal);
        Assert.Equal((201, 201, 201), (labelled, byNamespace, byClass));
        Assert.Empty(none);
    }

    [Fact]
    public async Task Label_OfANamespaceThatIsLetOff_WarnsThatItDoesNotHold()
    {
        await using TestServer server = await StartAsync(Inside);

        (int code, _, string[] warnings) = await SendAsync(server, HttpMethod.Post, "/api/v1/namespaces", Json(
            """{"metadata":{"name":"builders","labels":{"pod-security.kubernetes.io/enforce":"restricted","pod-security.kubernetes.io/audit":"baseline"}}}"""));

        Assert.Equal(201, code);
        Assert.Equal(["namespace \"builders\" is exempt from Pod Security, and the policy (enforce=restricted:latest, audit=baseline:latest) will be ignored"], warnings);
    }

    [Theory]
    [InlineData("""[{"name":"EventRateLimit"}]""", "plugins[0].name: \"EventRateLimit\": only PodSecurity, ResourceQuota, MutatingAdmissionWebhook and ValidatingAdmissionWebhook can be configured here")]
    [InlineData("""[{"name":"PodSecurity","configuration":{"kind":"Other"}}]""", "plugins[0].configuration: want kind PodSecurityConfiguration of pod-security.admission.config.k8s.io/v1")]
    [InlineData("""[{"name":"PodSecurity","path":"f","more":1}]""", "plugins[0].more: no such field")]
    [InlineData("""[{"name":"PodSecurity","path":"f"}]""", "defaults.enforce: Invalid value: \"strict\": must be one of privileged, baseline, restricted")]
    public void Parse_WhatMakesNoSense_IsRefusedByTheField(string plugins, string message) => Assert.Equal(message, Assert.Throws<FormatException>(() => Parse(
        plugins, _ => """{"apiVersion":"pod-security.admission.config.k8s.io/v1","kind":"PodSecurityConfiguration","defaults":{"enforce":"strict"}}""")).Message);

    private static AdmissionConfiguration Parse(string plugins, Func<string, string> read) =>
        AdmissionConfiguration.Parse($$"""{"apiVersion":"apiserver.config.k8s.io/v1","kind":"AdmissionConfiguration","plugins":{{plugins}} }""", read);

    private static Task<TestServer> StartAsync(string configuration) => TestServer.StartAsync(
        new TestServerOptions { Configure = options => options with { AdmissionConfiguration = Parse("""[{"name":"PodSecurity","path":"p"}]""", _ => configuration) } }, Token);

    private static Task<(int Code, JsonObject Body, string[] Warnings)> PodAsync(TestServer server, string ns, string name, string spec) =>
        SendAsync(server, HttpMethod.Post, $"/api/v1/namespaces/{ns}/pods", Pod(name, spec: spec));
}
