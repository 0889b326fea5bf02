using System.CommandLine;
using System.Text.Json.Nodes;
using Orrery.Api.Crds;
using Orrery.Commands.Objects;
using Orrery.Machinery;

namespace Orrery.Tests.Commands;

/// <summary>What <c>--help</c> says of a field holds against the definition of its kind.</summary>
public sealed class FieldHelpTests
{
    [Theory]
    [InlineData("data-plane", "--access", "dataplanes", "access")]
    [InlineData("tenant", "--pod-security", "tenants", "isolation.podSecurity")]
    [InlineData("virtual-cluster", "--replicas", "virtualclusters", "placement.replicas")]
    [InlineData("install", "--replicas", "installations", "placement.replicas")]
    [InlineData("install", "--scope", "installations", "scope")]
    [InlineData("install", "--progress-deadline", "installations", "progressDeadlineSeconds")]
    [InlineData("release", "--lookup", "releases", "bundle.helm.lookup")]
    public void Help_OfAFieldWithADefault_SaysIt(string kind, string option, string definition, string path)
    {
        string yaml = OrreryCrds.All.Single(file => file.FileName == definition + ".yaml").Yaml;
        JsonNode schema = YamlJson.Parse(yaml)!["spec"]!["versions"]![0]!["schema"]!["openAPIV3Schema"]!["properties"]!["spec"]!;
        string standard = path.Split('.').Aggregate(schema, (at, name) => at["properties"]![name]!)["default"]!.ToString();

        foreach (string verb in (string[])["create", "set"])
        {
            Command command = OwnKindCommands.All().Single(c => c.Name == kind).Subcommands.Single(c => c.Name == verb);
            string? help = command.Options.Single(o => o.Name == option).Description;

            Assert.Contains($"; {standard} when unset", help, StringComparison.Ordinal);
        }
    }
}
