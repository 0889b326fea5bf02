using System.Text.Json;
using Orrery.Api;

namespace Orrery.Machinery.Tables;

/// <summary>Kinds that register something with the server.</summary>
internal static class RegistrationPrinters
{
    public static readonly TablePrinter Webhooks = new(
        [Columns.Name, Columns.Count("Webhooks", "How many webhooks are called."), Columns.Age],
        static (o, cells) =>
        {
            cells.Text(o.Name);
            cells.Number(Formats.CountOf(o.At("webhooks")));
            cells.Since(o.CreationTimestamp);
        });

    public static readonly TablePrinter ValidatingAdmissionPolicy = new(
        [Columns.Name, Columns.Count("Validations", "How many rules there are."), Columns.Text("ParamKind", "Kind of the parameters."), Columns.Age],
        static (o, cells) =>
        {
            cells.Text(o.Name);
            cells.Number(Formats.CountOf(o.At("spec", "validations")));
            cells.Text(ParamKind(o));
            cells.Since(o.CreationTimestamp);
        });

    public static readonly TablePrinter MutatingAdmissionPolicy = new(
        [Columns.Name, Columns.Count("Mutations", "How many changes are made."), Columns.Text("ParamKind", "Kind of the parameters."), Columns.Age],
        static (o, cells) =>
        {
            cells.Text(o.Name);
            cells.Number(Formats.CountOf(o.At("spec", "mutations")));
            cells.Text(ParamKind(o));
            cells.Since(o.CreationTimestamp);
        });

    public static readonly TablePrinter AdmissionPolicyBinding = new(
        [Columns.Name, Columns.Text("PolicyName", "The policy that is bound."), Columns.Text("ParamRef", "Where its parameters are."), Columns.Age],
        static (o, cells) =>
        {
            cells.Text(o.Name);
            cells.Text(o.TextAt("spec", "policyName"));
            cells.Text(o.At("spec", "paramRef") is { } reference ? ParamRef(reference) : Formats.Unset);
            cells.Since(o.CreationTimestamp);
        });

    public static readonly TablePrinter ApiService = new(
        [Columns.Name, Columns.Text("Service", "Who serves the group."), Columns.Text("Available", "Whether it is served."), Columns.Age],
        static (o, cells) =>
        {
            cells.Text(o.Name);
            cells.Text(o.At("spec", "service") is { } service ? $"{service.Text("namespace")}/{service.Text("name")}" : "Local");
            string status = "Unknown";
            foreach (JsonElement condition in o.Items("status", "conditions"))
            {
                if (condition.Text("type") == "Available")
                {
                    status = condition.Text("status") == "True" || condition.Text("reason").Length == 0 ? condition.Text("status") : $"{condition.Text("status")} ({condition.Text("reason")})";
                }
            }

            cells.Text(status);
            cells.Since(o.CreationTimestamp);
        });

    public static readonly TablePrinter CertificateSigningRequest = new(
        [
            Columns.Name, Columns.Age, Columns.Text("SignerName", "Who is to sign."), Columns.Text("Requestor", "Who asks."),
            Columns.Text("RequestedDuration", "How long the certificate is to be valid."), Columns.Text("Condition", "How far the request is."),
        ],
        static (o, cells) =>
        {
            cells.Text(o.Name);
            cells.Since(o.CreationTimestamp);
            cells.TextOr(o.TextAt("spec", "signerName"), Formats.None);
            cells.Text(o.TextAt("spec", "username"));
            cells.Text(o.NumberAt("spec", "expirationSeconds") is { } seconds ? HumanDuration.Format(TimeSpan.FromSeconds(seconds)) : Formats.None);
            bool denied = o.Condition("Denied") is not null;
            string state = denied ? "Denied" : o.Condition("Approved") is not null ? "Approved" : "Pending";
            state += o.Condition("Failed") is not null ? ",Failed" : "";
            cells.Text(o.TextAt("status", "certificate") is { Length: > 0 } ? state + ",Issued" : state);
        });

    private static string ParamKind(KubeObject o) => o.At("spec", "paramKind") is { } kind ? $"{kind.Text("apiVersion")}/{kind.Text("kind")}" : Formats.Unset;

    private static string ParamRef(JsonElement reference) =>
        reference.Text("name") is { Length: > 0 } name ? reference.Text("namespace") is { Length: > 0 } ns ? $"{ns}/{name}" : $"*/{name}"
        : reference.Member("selector") is { } selector ? Formats.GoSelector(selector)
        : Formats.Unset;
}
